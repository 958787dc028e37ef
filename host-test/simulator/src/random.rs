//! Numbers, names and instants that follow from a seed: item `i` is the same however it is reached,
//! so that an account of any size needs no memory.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A source of numbers for one thing.
#[derive(Clone, Copy, Debug)]
pub struct Dice(u64);

impl Dice {
    /// For item `index` of `what` in the account of `seed`.
    pub fn new(seed: u64, what: &str, index: usize) -> Self {
        let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
        for byte in what.bytes() {
            state = mix(state ^ u64::from(byte));
        }
        Self(mix(state ^ index as u64))
    }

    /// The number for one property, below `bound`.
    pub fn below(self, property: &str, bound: usize) -> usize {
        let mut state = self.0;
        for byte in property.bytes() {
            state = mix(state ^ u64::from(byte));
        }
        if bound == 0 { 0 } else { usize::try_from(state % bound as u64).unwrap_or(0) }
    }

    /// Whether a property holds, in so many of a hundred cases.
    pub fn chance(self, property: &str, percent: usize) -> bool {
        self.below(property, 100) < percent
    }

    /// One of several.
    pub fn pick<'t, T: ?Sized>(self, property: &str, from: &[&'t T]) -> Option<&'t T> {
        from.get(self.below(property, from.len())).copied()
    }

    /// One of several words; there is always at least one.
    pub fn word(self, property: &str, from: &[&'static str]) -> &'static str {
        self.pick(property, from).unwrap_or("")
    }

    /// Hexadecimal digits.
    pub fn hex(self, property: &str, digits: usize) -> String {
        let digit =
            |at: usize| char::from_digit(u32::try_from(self.below(&format!("{property}{at}"), 16)).unwrap_or(0), 16);
        (0..digits).filter_map(digit).collect()
    }

    /// An instant between 2021 and 2025.
    pub fn stamp(self, property: &str) -> Stamp {
        self.stamp_after(property, Stamp { milliseconds: START_MS, digits: 0 })
    }

    /// An instant between another one and the end of 2025.
    pub fn stamp_after(self, property: &str, earlier: Stamp) -> Stamp {
        let span = usize::try_from(END_MS.saturating_sub(earlier.milliseconds)).unwrap_or(0);
        let offset = i64::try_from(self.below(property, span)).unwrap_or(0);
        let digits = [0, 3, 6].get(self.below(&format!("{property}-digits"), 3)).copied().unwrap_or(0);
        Stamp { milliseconds: earlier.milliseconds + offset, digits }
    }
}

/// 2021-01-01T00:00:00Z.
const START_MS: i64 = 1_609_459_200_000;
/// 2026-01-01T00:00:00Z: no stamp that the seed alone makes is later.
pub const END_MS: i64 = 1_767_225_600_000;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// SplitMix64.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// An instant as Fivetran writes them: with 0, 3 or 6 fraction digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    milliseconds: i64,
    digits: u8,
}

impl Stamp {
    /// What some fields hold instead of null.
    pub const PLACEHOLDER: &'static str = "1970-01-01T00:00:00.000000Z";

    /// One in January 2026, after all that the seed alone makes.
    pub fn later(self) -> Self {
        Self { milliseconds: END_MS + self.milliseconds.rem_euclid(30 * DAY_MS), ..self }
    }

    /// As the API writes it.
    pub fn text(self) -> String {
        let milliseconds = self.milliseconds.rem_euclid(1000);
        let fraction = match self.digits {
            0 => String::new(),
            3 => format!(".{milliseconds:03}"),
            _ => format!(".{milliseconds:03}{:03}", self.milliseconds.rem_euclid(997)),
        };
        format!("{}{fraction}Z", self.seconds())
    }

    /// Microseconds since 1970, to the precision that its text has.
    pub fn micros(self) -> i64 {
        let milliseconds = self.milliseconds.rem_euclid(1000);
        let fraction = match self.digits {
            0 => 0,
            3 => milliseconds * 1000,
            _ => milliseconds * 1000 + self.milliseconds.rem_euclid(997),
        };
        self.milliseconds.div_euclid(1000) * 1_000_000 + fraction
    }

    /// The same for a text that the API gave.
    pub fn micros_of(text: &str) -> Option<i64> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok().filter(|_| text != Self::PLACEHOLDER)?;
        i64::try_from(at.unix_timestamp_nanos() / 1000).ok()
    }

    /// An instant in microseconds since 1970, as text with milliseconds.
    pub fn text_of(micros: i64) -> String {
        Self { milliseconds: micros.div_euclid(1000), digits: 3 }.text()
    }

    /// In UTC with exactly three fraction digits, what is finer cut off.
    pub fn normalised(self) -> String {
        let milliseconds = if self.digits == 0 { 0 } else { self.milliseconds.rem_euclid(1000) };
        format!("{}.{milliseconds:03}Z", self.seconds())
    }

    /// The same for a text that the API gave; `None` for what is no stamp of something that happened.
    pub fn normalise(text: &str) -> Option<String> {
        let (seconds, fraction) = text.strip_suffix('Z')?.split_at_checked(19)?;
        let digits: String = fraction.chars().skip(1).chain("000".chars()).take(3).collect();
        (text != Self::PLACEHOLDER).then(|| format!("{seconds}.{digits}Z"))
    }

    fn seconds(self) -> String {
        let at = OffsetDateTime::from_unix_timestamp(self.milliseconds.div_euclid(1000))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
        format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
    }
}

const FIRST: &[&str] = &[
    "amber", "brisk", "calm", "dapper", "eager", "fabled", "gentle", "humble", "inland", "jovial", "keen", "lively",
    "mellow", "nimble", "opal", "placid", "quiet", "rustic", "sable", "tidy", "umber", "vivid", "wary", "zesty",
];
const SECOND: &[&str] = &[
    "anchor", "basin", "cedar", "delta", "ember", "ferry", "grove", "harbor", "island", "jetty", "kiosk", "lagoon",
    "meadow", "nectar", "orchard", "pebble", "quarry", "ridge", "summit", "thicket", "upland", "valley", "willow",
    "yonder",
];

/// A slug like Fivetran's, from which the index can be read back.
pub fn slug(seed: u64, what: &str, index: usize) -> String {
    let dice = Dice::new(seed, what, index);
    format!("{}_{}_{}", dice.word("first", FIRST), dice.word("second", SECOND), base36(index))
}

/// The index of a slug, if it is one.
pub fn index_of(seed: u64, what: &str, id: &str) -> Option<usize> {
    let index = usize::from_str_radix(id.rsplit('_').next()?, 36).ok()?;
    (slug(seed, what, index) == id).then_some(index)
}

fn base36(mut number: usize) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit(u32::try_from(number % 36).unwrap_or(0), 36).unwrap_or('0'));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}
