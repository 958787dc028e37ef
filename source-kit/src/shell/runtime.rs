//! What std would bring along: an allocator and a panic handler. Without std the component imports
//! nothing but HTTP, its streams and clocks, which is the list that a reviewer has to approve.
#![expect(unsafe_code, reason = "an allocator over libc's malloc cannot be written without it")]

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::c_void;

#[link(name = "c")]
unsafe extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn aligned_alloc(align: usize, size: usize) -> *mut c_void;
    fn realloc(pointer: *mut c_void, size: usize) -> *mut c_void;
    fn free(pointer: *mut c_void);
}

/// Alignment that malloc gives to everything on this target.
const MALLOC_ALIGN: usize = 16;

/// wasi-libc's malloc: already linked, and the heap that `cabi_realloc` has to share.
struct Libc;

// SAFETY: malloc, aligned_alloc, realloc and free of wasi-libc keep GlobalAlloc's reserved; what
// malloc cannot align goes through aligned_alloc, whose size must be a multiple of the alignment.
unsafe impl GlobalAlloc for Libc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= MALLOC_ALIGN {
            unsafe { malloc(layout.size()) }.cast()
        } else {
            unsafe { aligned_alloc(layout.align(), layout.pad_to_align().size()) }.cast()
        }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, _: Layout) {
        unsafe { free(pointer.cast()) };
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.align() <= MALLOC_ALIGN {
            return unsafe { realloc(pointer.cast(), size) }.cast();
        }
        let Ok(new) = Layout::from_size_align(size, layout.align()) else { return core::ptr::null_mut() };
        let moved = unsafe { self.alloc(new) };
        if !moved.is_null() {
            unsafe { core::ptr::copy_nonoverlapping(pointer, moved, layout.size().min(size)) };
            unsafe { self.dealloc(pointer, layout) };
        }
        moved
    }
}

#[global_allocator]
static HEAP: Libc = Libc;

/// How the host hands over memory, on the same heap. wit-bindgen gives none without std here.
///
/// # Safety
/// Called by the canonical ABI only, with a block of this heap or none.
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_realloc(old: *mut u8, old_size: usize, align: usize, new_size: usize) -> *mut u8 {
    if new_size == 0 {
        return core::ptr::without_provenance_mut(align);
    }
    let pointer = if old_size == 0 {
        match Layout::from_size_align(new_size, align) {
            Ok(layout) => unsafe { HEAP.alloc(layout) },
            Err(_) => core::ptr::null_mut(),
        }
    } else {
        match Layout::from_size_align(old_size, align) {
            Ok(layout) => unsafe { HEAP.realloc(old, layout, new_size) },
            Err(_) => core::ptr::null_mut(),
        }
    };
    if pointer.is_null() {
        core::arch::wasm32::unreachable();
    }
    pointer
}

/// A panic is a defect, and so is a message that might quote data: the trap says enough.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
