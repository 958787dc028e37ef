//! SHA-256 (FIPS 180-4) of four messages side by side, one in each lane of a vector.
//!
//! WebAssembly has no SHA instructions, and digests are what the component computes longest:
//! together, four messages take two thirds of the time that they take one after the other.
//! Everywhere else the library is faster. Every digest of a component is checked against the
//! library by `host-test verify`, and with it by nearly every test.

use super::LANES;
use core::arch::wasm32::{
    i8x16_shuffle, i32x4_add, i32x4_shuffle, u32x4, u32x4_extract_lane, u32x4_shl, u32x4_shr, u32x4_splat, u64x2, v128,
    v128_and, v128_or, v128_xor,
};

const BLOCK: usize = 64;
/// The length of the message, which ends the last block.
const LENGTH: usize = 8;

const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

#[rustfmt::skip]
const ROUNDS: [[u32; 16]; 4] = [
    [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    ],
    [
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    ],
    [
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    ],
    [
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ],
];

/// SHA-256 of each message.
pub fn sha256_each(messages: [&[u8]; LANES]) -> [[u8; 32]; LANES] {
    let blocks = messages.map(|message| (message.len() + 1 + LENGTH).div_ceil(BLOCK));
    let mut state = START.map(|word| u32x4_splat(word));
    let mut digests = [[0; 32]; LANES];
    for index in 0..blocks.into_iter().max().unwrap_or_default() {
        compress(&mut state, &messages.map(|message| block(message, index)));
        for (lane, digest) in digests.iter_mut().enumerate() {
            if blocks.get(lane) == Some(&(index + 1)) {
                *digest = lane_of(&state, lane);
            }
        }
    }
    digests
}

/// A block of a message with its padding; what is beyond it is of no interest.
fn block(message: &[u8], index: usize) -> [u8; BLOCK] {
    let rest = message.get(index * BLOCK..).unwrap_or_default();
    if let Some(full) = rest.first_chunk::<BLOCK>() {
        return *full;
    }
    let mut block = [0; BLOCK];
    let (text, padding) = block.split_at_mut(rest.len());
    text.copy_from_slice(rest);
    if let Some(mark) = padding.first_mut()
        && index * BLOCK <= message.len()
    {
        *mark = 0x80;
    }
    if rest.len() + 1 + LENGTH <= BLOCK
        && let Some(length) = block.last_chunk_mut::<LENGTH>()
    {
        *length = (message.len() as u64 * 8).to_be_bytes();
    }
    block
}

fn lane_of(state: &[v128; 8], lane: usize) -> [u8; 32] {
    let mut digest = [0; 32];
    for (bytes, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        let word = match lane {
            0 => u32x4_extract_lane::<0>(*word),
            1 => u32x4_extract_lane::<1>(*word),
            2 => u32x4_extract_lane::<2>(*word),
            _ => u32x4_extract_lane::<3>(*word),
        };
        *bytes = word.to_be_bytes();
    }
    digest
}

fn rotate(x: v128, by: u32) -> v128 {
    v128_or(u32x4_shr(x, by), u32x4_shl(x, 32 - by))
}

fn rotate3(x: v128, a: u32, b: u32, c: u32) -> v128 {
    v128_xor(v128_xor(rotate(x, a), rotate(x, b)), rotate(x, c))
}

/// σ0 or σ1 of the standard.
fn sigma(x: v128, a: u32, b: u32, shift: u32) -> v128 {
    v128_xor(v128_xor(rotate(x, a), rotate(x, b)), u32x4_shr(x, shift))
}

/// Four big-endian words.
fn words(bytes: &[u8; 16]) -> v128 {
    let (low, high) = bytes.split_at(8);
    let half = |half: &[u8]| half.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let raw = u64x2(half(low), half(high));
    i8x16_shuffle::<3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12>(raw, raw)
}

/// The words of the blocks, word by word.
fn schedule(blocks: &[[u8; BLOCK]; LANES]) -> [v128; 16] {
    let mut out = [u32x4(0, 0, 0, 0); 16];
    let [a, b, c, d] = blocks.each_ref().map(|block| block.as_chunks::<16>().0);
    let rows = a.iter().zip(b).zip(c).zip(d);
    for (out, (((a, b), c), d)) in out.as_chunks_mut::<4>().0.iter_mut().zip(rows) {
        let [a, b, c, d] = [words(a), words(b), words(c), words(d)];
        let (ab_low, ab_high) = (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
        let (cd_low, cd_high) = (i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
        *out = [
            i32x4_shuffle::<0, 1, 4, 5>(ab_low, cd_low),
            i32x4_shuffle::<2, 3, 6, 7>(ab_low, cd_low),
            i32x4_shuffle::<0, 1, 4, 5>(ab_high, cd_high),
            i32x4_shuffle::<2, 3, 6, 7>(ab_high, cd_high),
        ];
    }
    out
}

macro_rules! round {
    ($k:expr, $w:expr, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
        let choice = v128_xor($g, v128_and($e, v128_xor($f, $g)));
        let majority = v128_or(v128_and($a, $b), v128_and($c, v128_or($a, $b)));
        let sum = i32x4_add(i32x4_add($h, i32x4_add(u32x4_splat($k), $w)), rotate3($e, 6, 11, 25));
        let sum = i32x4_add(sum, choice);
        $d = i32x4_add($d, sum);
        $h = i32x4_add(i32x4_add(sum, rotate3($a, 2, 13, 22)), majority);
    };
}

/// The next word of the schedule, in the place of that of 16 rounds ago.
macro_rules! extend {
    ($($w0:ident $w1:ident $w9:ident $w14:ident,)*) => {
        $($w0 = i32x4_add(i32x4_add($w0, sigma($w1, 7, 18, 3)), i32x4_add($w9, sigma($w14, 17, 19, 10)));)*
    };
}

/// One block of each message.
fn compress(state: &mut [v128; 8], blocks: &[[u8; BLOCK]; LANES]) {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    let [
        mut w0,
        mut w1,
        mut w2,
        mut w3,
        mut w4,
        mut w5,
        mut w6,
        mut w7,
        mut w8,
        mut w9,
        mut w10,
        mut w11,
        mut w12,
        mut w13,
        mut w14,
        mut w15,
    ] = schedule(blocks);
    for (number, [k0, k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11, k12, k13, k14, k15]) in
        ROUNDS.into_iter().enumerate()
    {
        if number > 0 {
            extend! {
                w0 w1 w9 w14, w1 w2 w10 w15, w2 w3 w11 w0, w3 w4 w12 w1,
                w4 w5 w13 w2, w5 w6 w14 w3, w6 w7 w15 w4, w7 w8 w0 w5,
                w8 w9 w1 w6, w9 w10 w2 w7, w10 w11 w3 w8, w11 w12 w4 w9,
                w12 w13 w5 w10, w13 w14 w6 w11, w14 w15 w7 w12, w15 w0 w8 w13,
            }
        }
        round!(k0, w0, a b c d e f g h);
        round!(k1, w1, h a b c d e f g);
        round!(k2, w2, g h a b c d e f);
        round!(k3, w3, f g h a b c d e);
        round!(k4, w4, e f g h a b c d);
        round!(k5, w5, d e f g h a b c);
        round!(k6, w6, c d e f g h a b);
        round!(k7, w7, b c d e f g h a);
        round!(k8, w8, a b c d e f g h);
        round!(k9, w9, h a b c d e f g);
        round!(k10, w10, g h a b c d e f);
        round!(k11, w11, f g h a b c d e);
        round!(k12, w12, e f g h a b c d);
        round!(k13, w13, d e f g h a b c);
        round!(k14, w14, c d e f g h a b);
        round!(k15, w15, b c d e f g h a);
    }
    for (before, after) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *before = i32x4_add(*before, after);
    }
}
