//! The guest's memory: handed out from the bottom up and never taken back, because an instance lives for one call.
//!
//! An evaluation gets a fresh instance, so that freeing would be work for nobody. What is asked for last can grow in
//! place, which is what a text or a list under construction does.
#![expect(unsafe_code, reason = "an allocator hands out raw memory; each use argues its safety")]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::{Cell, UnsafeCell};
use core::ptr;

/// The most that a plugin may ever ask for, in bytes: 32 MiB. The host's budget is usually less and ends it sooner.
pub const MOST_MEMORY: usize = 32 << 20;

const PAGE: usize = 64 << 10;
/// What is there from the start: as much as judging a Pod of ten containers takes. An instance that grows its memory costs two
/// system calls, which is as much as all of its judging.
const ARENA: usize = 8 << 10;

/// Never frees.
struct Bump {
    /// The first byte that nobody has; 0 before the first call.
    next: Cell<usize>,
    /// The end of the memory that may be handed out without looking further: of the arena, then of all that the instance has.
    end: Cell<usize>,
}

/// Zeros that the linker puts beside the static data, below `__heap_base`.
#[repr(C, align(16))]
struct Arena(UnsafeCell<[u8; ARENA]>);

// SAFETY: as of `Bump`; nothing but its blocks are ever read or written.
unsafe impl Sync for Arena {}

static FIRST: Arena = Arena(UnsafeCell::new([0; ARENA]));

// SAFETY: the host runs a plugin on one thread, and wasm threads are refused when a plugin is loaded.
unsafe impl Sync for Bump {}

#[global_allocator]
static BUMP: Bump = Bump { next: Cell::new(0), end: Cell::new(0) };

unsafe extern "C" {
    /// Made by the linker: the first byte after the stack and the static data.
    static __heap_base: u8;
}

impl Bump {
    /// Where the next block may begin that ends no later than `end` says.
    fn border(&self) -> usize {
        if self.next.get() == 0 {
            let first = FIRST.0.get() as usize;
            self.next.set(first);
            self.end.set(first + ARENA);
        }
        self.next.get()
    }

    /// A block from the border up; the arena is left for good by the first one that it has no room for.
    fn block(&self, layout: Layout) -> Option<usize> {
        let beginning = |from: usize| from.checked_next_multiple_of(layout.align());
        let from = beginning(self.border())?;
        let heap = &raw const __heap_base as usize;
        let fits = from.checked_add(layout.size())? <= self.end.get();
        let start = if fits || from >= heap { from } else { beginning(heap)? };
        self.claim(start.checked_add(layout.size())?).then_some(start)
    }

    /// Moves the border to `to`, growing the memory where needed.
    fn claim(&self, to: usize) -> bool {
        if to > self.end.get() {
            let have = core::arch::wasm32::memory_size(0) * PAGE;
            if to > have {
                let pages = (to - have).div_ceil(PAGE);
                if to > MOST_MEMORY || core::arch::wasm32::memory_grow(0, pages) == usize::MAX {
                    return false;
                }
            }
            self.end.set(core::arch::wasm32::memory_size(0) * PAGE);
        }
        self.next.set(to);
        true
    }
}

// SAFETY: every block lies in the arena or between `__heap_base` and the end of memory, is aligned as asked, and overlaps no
// other, because the border only ever moves up past what was handed out, and the arena lies below `__heap_base` as all static
// data does.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.block(layout).map_or(ptr::null_mut(), |start| start as *mut u8)
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size <= layout.size() {
            return block;
        }
        if block as usize + layout.size() == self.next.get() {
            let last = (block as usize).checked_add(size);
            // In the arena it grows as far as the arena goes, and moves on then.
            let in_place =
                last.filter(|last| *last <= self.end.get() || block as usize >= &raw const __heap_base as usize);
            if let Some(last) = in_place {
                return if self.claim(last) { block } else { ptr::null_mut() };
            }
        }
        // SAFETY: `size` is larger than a valid layout's and checked by `alloc`; alignment is unchanged.
        unsafe {
            let to = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !to.is_null() {
                // SAFETY: both blocks are valid for `layout.size()` bytes and do not overlap.
                ptr::copy_nonoverlapping(block, to, layout.size());
            }
            to
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as `alloc`. Fresh wasm memory is zero, and no block is ever handed out twice.
        unsafe { self.alloc(layout) }
    }
}
