/**
 * Memory for bodies.
 *
 * AssemblyScript's allocators double the module's memory when it is full, and an `ArrayBuffer` that
 * grows is copied, so that reading a body of unknown length would take several times its size. Here
 * memory grows by what is needed, and the bytes of such a body become the buffer where they are.
 *
 * This relies on how the runtimes lay out memory (`std/assembly/rt` of AssemblyScript: `tlsf.ts`
 * and `stub.ts` for blocks, `common.ts` for objects). `tests/bodies.test.mjs` checks it with each of
 * the runtimes.
 */

/** The size of a page of memory, in bytes. */
const PAGE_SIZE: usize = 0x1_0000;

/** The size of what is before each block: its size, and in the lowest bits whether it is free. */
const BLOCK_OVERHEAD: usize = sizeof<usize>();

/** The size of what is before each object in its block: two links, its class, its size. */
const OBJECT_OVERHEAD: usize = 4 * sizeof<usize>();

/** Blocks begin at multiples of this, in bytes. */
const ALIGNMENT: usize = 16;

/** The size of the smallest block that has an object in it. */
const SMALLEST_BLOCK: usize = OBJECT_OVERHEAD + ALIGNMENT - BLOCK_OVERHEAD;

/** The largest step in which a body grows is the larger of this and a part of its size, in bytes. */
const SMALLEST_STEP: usize = 0x1_0000;

// Values of `ASC_RUNTIME`.
const STUB: i32 = 0;
const INCREMENTAL: i32 = 2;

/** Where the bytes are that arrive, 0 if there is no place yet. Kept from one body to the next. */
let start: usize = 0;

/** Where that place ends. */
let end: usize = 0;

/**
 * Makes room for an object of a size, so that memory does not grow by more when it is allocated.
 *
 * @returns `false` if there is no memory for it.
 */
export function reserve(size: usize): bool {
  const needed = size + OBJECT_OVERHEAD;
  if (ASC_RUNTIME == STUB) {
    // The next block begins where an empty one would.
    const next = heap.alloc(0);
    heap.free(next);
    const missing = <i64>next + needed + 2 * ALIGNMENT - <i64>memorySize();
    return missing <= 0 || grow(<usize>missing) != 0;
  }
  if (isFree(needed)) return true;
  // More than the block's own size, since the allocator looks for one among those of a size or more.
  const room = rounded(needed) + 4 * ALIGNMENT;
  const at = grow(room);
  if (at == 0) return false;
  give(at + ALIGNMENT, <usize>memorySize() - BLOCK_OVERHEAD);
  return true;
}

/**
 * A place of this size or more for the bytes of a body, the first `length` of which are kept.
 *
 * @returns Where it is, or 0 if there is no memory for it.
 */
export function growTo(size: usize, length: usize): usize {
  if (start != 0 && end - start >= size) return start;
  const missing = max(size - length, max(length >> 4, SMALLEST_STEP));
  if (ASC_RUNTIME == STUB) {
    if (!reserve(missing)) return 0;
    const whole = length + missing;
    // The last block, which grows where it is.
    start = start == 0 ? newBuffer(whole) : resized(start, whole);
    end = start + whole;
    return start;
  }
  if (start != 0 && <u64>end + BLOCK_OVERHEAD == memorySize()) {
    if (grow(missing) == 0) return 0;
  } else {
    // The first, or something else has grown memory since.
    const at = grow(length + missing + 4 * ALIGNMENT);
    if (at == 0) return 0;
    const moved = at + ALIGNMENT + OBJECT_OVERHEAD;
    if (start != 0) {
      memory.copy(moved, start, length);
      give(start - OBJECT_OVERHEAD, end);
    }
    start = moved;
  }
  end = <usize>memorySize() - BLOCK_OVERHEAD;
  return start;
}

/** The size of the place, in bytes. */
export function grownSize(): usize {
  return end - start;
}

/** The buffer with the first bytes of the place. */
export function finish(length: i32): ArrayBuffer {
  const size = <usize>length;
  if (ASC_RUNTIME == STUB) {
    const at = resized(start, size);
    start = 0;
    return changetype<ArrayBuffer>(at);
  }
  if (isFree(size + OBJECT_OVERHEAD)) {
    // Where others were freed. So memory does not grow with the number of bodies.
    const body = new ArrayBuffer(length);
    memory.copy(changetype<usize>(body), start, size);
    return body;
  }
  // A little more, for the allocator to find the block again for a body of this size.
  const whole = rounded(size + OBJECT_OVERHEAD);
  growTo(whole, size);
  const block = start - OBJECT_OVERHEAD;
  start = 0;
  mark(block, end);
  // What is behind it becomes free.
  heap.realloc(block, min(whole, end - block));
  const body = changetype<ArrayBuffer>(adopted(block, size));
  if (ASC_RUNTIME == INCREMENTAL) charge(blockSize(block) - SMALLEST_BLOCK);
  return body;
}

/** Gives up the bytes that have arrived. */
export function abandon(): void {
  // The other allocators are left the place for the next body.
  if (ASC_RUNTIME != STUB || start == 0) return;
  heap.free(start - OBJECT_OVERHEAD);
  start = 0;
}

/** The memory's size in bytes, which a 32-bit number need not hold. */
function memorySize(): u64 {
  return <u64>memory.size() * PAGE_SIZE;
}

/** Adds pages for so many bytes; gives where the first begins, 0 if there are none. */
function grow(size: usize): usize {
  const pages = (<u64>size + PAGE_SIZE - 1) / PAGE_SIZE;
  const before = memory.grow(<i32>pages);
  return before < 0 ? 0 : <usize>before * PAGE_SIZE;
}

/** The size of the block at an address. */
function blockSize(block: usize): usize {
  return load<usize>(block - BLOCK_OVERHEAD) & ~3;
}

/** Makes a used block of some memory, and behind it an empty one, at which the allocator stops. */
function mark(block: usize, end: usize): void {
  store<usize>(block - BLOCK_OVERHEAD, end - block);
  store<usize>(end, 0);
}

/** Gives memory to the allocator. */
function give(block: usize, end: usize): void {
  mark(block, end);
  heap.free(block);
}

/** The size from which on the allocator looks for a free block of a size (`roundSize`). */
function rounded(size: usize): usize {
  return size >= 1 << 29 ? size : size + (<usize>1 << (27 - clz(size))) - 1;
}

/** Whether the allocator has a free block of a size, which is at least 256 bytes (`searchBlock`). */
function isFree(size: usize): bool {
  // Two levels of bitmaps are where the heap begins: of powers of two, and of 16 parts of each.
  const maps = (__heap_base + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  const wanted = <u32>rounded(max(size, 256));
  const power: u32 = 31 - clz(wanted);
  const part = (wanted >> (power - 4)) & 15;
  const first = power - 7;
  if ((load<u32>(maps + (first << 2), 4) & (<u32>~0 << part)) != 0) return true;
  return (load<u32>(maps) & (<u32>~1 << first)) != 0;
}

/** Has the collector take a block for an object, as if it had moved a new one there (`__renew`). */
function adopted(block: usize, size: usize): usize {
  const small = newBuffer(0) - OBJECT_OVERHEAD;
  memory.copy(block, small, OBJECT_OVERHEAD);
  heap.free(small);
  // Objects are linked in both directions; the links of the collector begin with the block's size,
  // and have a colour in the lowest bits.
  const object = block - BLOCK_OVERHEAD;
  const next = load<usize>(block) & ~3;
  const previous = load<usize>(block, sizeof<usize>());
  store<usize>(next + BLOCK_OVERHEAD, object, sizeof<usize>());
  store<usize>(previous + BLOCK_OVERHEAD, object | (load<usize>(previous + BLOCK_OVERHEAD) & 3));
  store<u32>(block + OBJECT_OVERHEAD - sizeof<u32>(), <u32>size);
  return block + OBJECT_OVERHEAD;
}

/**
 * Has the collector count memory that it did not allocate, since it will when it frees it: objects
 * are counted at their first size, and their blocks shrink.
 */
function charge(size: usize): void {
  const portion = (max(size >> 4, 1024) + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  reserve(portion + (portion >> 3) + 1024);
  while (size > 0) {
    const object = newBuffer(min(size, portion));
    size -= min(size, portion);
    heap.realloc(object - OBJECT_OVERHEAD, SMALLEST_BLOCK);
    store<u32>(object - sizeof<u32>(), 0);
  }
}

/** A new buffer of the collector, whose bytes may be anything. */
function newBuffer(size: usize): usize {
  // @ts-ignore: a function of the runtime
  return __new(size, idof<ArrayBuffer>());
}

/** A buffer in another size. */
function resized(buffer: usize, size: usize): usize {
  // @ts-ignore: a function of the runtime
  return __renew(buffer, size);
}
