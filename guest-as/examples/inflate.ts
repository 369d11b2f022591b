// Decodes gzip (RFC 1952) and what is in it, deflate (RFC 1951).
//
// Bodies are not decoded by the host nor by the package: a program that asks for a coding with
// `Accept-Encoding` decodes it. This is plain rather than quick.

/** The longest code of a Huffman table, in bits. */
const MAX_BITS: i32 = 15;

/** The lengths that the codes 257 to 285 begin at, and how many bits are to be added. */
const LENGTHS: i32[] = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_BITS: i32[] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];

/** The same of the distances, which have codes of their own. */
const DISTANCES: i32[] = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
const DISTANCE_BITS: i32[] = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];

/** In which order the lengths of the codes for the lengths of codes come. */
const ORDER: i32[] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A Huffman code, as the lengths of its symbols' codes tell it. */
class Code {
  private counts: i32[] = new Array<i32>(MAX_BITS + 1).fill(0);
  private symbols: i32[];

  constructor(lengths: i32[]) {
    this.symbols = new Array<i32>(lengths.length).fill(0);
    for (let i = 0; i < lengths.length; i++) this.counts[lengths[i]]++;
    const next = new Array<i32>(MAX_BITS + 1).fill(0);
    for (let bits = 1; bits < MAX_BITS; bits++) next[bits + 1] = next[bits] + this.counts[bits];
    for (let i = 0; i < lengths.length; i++) {
      if (lengths[i] != 0) this.symbols[next[lengths[i]]++] = i;
    }
  }

  /** The next symbol, or -1 if the bits are no code. */
  read(input: Bits): i32 {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let bits = 1; bits <= MAX_BITS; bits++) {
      code |= input.take(1);
      const count = this.counts[bits];
      if (code - count < first) return this.symbols[index + code - first];
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    return -1;
  }
}

/** Bytes as the bits in them, from the lowest on. */
class Bits {
  private held: i32 = 0;
  private count: i32 = 0;
  /** Whether more was asked for than there is. */
  isShort: bool = false;

  constructor(
    private readonly bytes: Uint8Array,
    private at: i32,
  ) {}

  take(count: i32): i32 {
    while (this.count < count) {
      this.isShort = this.isShort || this.at >= this.bytes.length;
      this.held |= <i32>(this.isShort ? 0 : this.bytes[this.at++]) << this.count;
      this.count += 8;
    }
    const bits = this.held & ((1 << count) - 1);
    this.held >>= count;
    this.count -= count;
    return bits;
  }

  /** Leaves out what is left of a byte. */
  align(): void {
    this.held = 0;
    this.count = 0;
  }
}

/** The bytes that were compressed, or `null` if these are not gzip, or more than `most`. */
export function gunzip(gzip: Uint8Array, most: i32): Uint8Array | null {
  if (gzip.length < 18 || gzip[0] != 0x1f || gzip[1] != 0x8b || gzip[2] != 8) return null;
  const flags = gzip[3];
  let at = 10;
  if ((flags & 4) != 0) at += 2 + gzip[at] + (<i32>gzip[at + 1] << 8);
  // A name and a comment, each of which ends with a zero.
  for (let flag: u8 = 8; flag <= 16; flag <<= 1) {
    if ((flags & flag) == 0) continue;
    while (at < gzip.length && gzip[at++] != 0) {}
  }
  if ((flags & 2) != 0) at += 2;
  const bytes = inflate(new Bits(gzip, at), most);
  if (bytes === null) return null;
  const end = gzip.dataStart + gzip.length - 8;
  return load<u32>(end, 4) == <u32>bytes.length && load<u32>(end) == crc32(bytes) ? bytes : null;
}

function inflate(input: Bits, most: i32): Uint8Array | null {
  const output: u8[] = [];
  let isLast: bool = false;
  while (!isLast) {
    isLast = input.take(1) == 1;
    const kind = input.take(2);
    let isWhole: bool = false;
    if (kind == 0) isWhole = stored(input, output, most);
    else if (kind == 1) isWhole = compressed(input, output, most, fixedLengths(), fixedDistances());
    else if (kind == 2) isWhole = dynamic(input, output, most);
    if (!isWhole || input.isShort) return null;
  }
  const bytes = new Uint8Array(output.length);
  for (let i = 0; i < output.length; i++) bytes[i] = output[i];
  return bytes;
}

function stored(input: Bits, output: u8[], most: i32): bool {
  input.align();
  const length = input.take(8) | (input.take(8) << 8);
  input.take(16);
  if (length > most - output.length) return false;
  for (let i = 0; i < length && !input.isShort; i++) output.push(<u8>input.take(8));
  return true;
}

function compressed(input: Bits, output: u8[], most: i32, lengths: Code, distances: Code): bool {
  while (!input.isShort) {
    const symbol = lengths.read(input);
    if (symbol == 256) return true;
    if (symbol < 0 || symbol > 285 || output.length >= most) return false;
    if (symbol < 256) {
      output.push(<u8>symbol);
      continue;
    }
    const length = LENGTHS[symbol - 257] + input.take(LENGTH_BITS[symbol - 257]);
    const code = distances.read(input);
    if (code < 0 || code > 29) return false;
    const distance = DISTANCES[code] + input.take(DISTANCE_BITS[code]);
    if (distance > output.length || length > most - output.length) return false;
    for (let i = 0; i < length; i++) output.push(output[output.length - distance]);
  }
  return false;
}

function dynamic(input: Bits, output: u8[], most: i32): bool {
  const lengthCount = input.take(5) + 257;
  const count = lengthCount + input.take(5) + 1;
  const codeCount = input.take(4) + 4;
  const codeLengths = new Array<i32>(19).fill(0);
  for (let i = 0; i < codeCount; i++) codeLengths[ORDER[i]] = input.take(3);
  const code = new Code(codeLengths);
  const lengths: i32[] = [];
  while (lengths.length < count && !input.isShort) {
    const symbol = code.read(input);
    if (symbol < 0) return false;
    if (symbol < 16) {
      lengths.push(symbol);
      continue;
    }
    if (symbol == 16 && lengths.length == 0) return false;
    const repeated = symbol == 16 ? lengths[lengths.length - 1] : 0;
    const times = symbol == 16 ? 3 + input.take(2) : symbol == 17 ? 3 + input.take(3) : 11 + input.take(7);
    for (let i = 0; i < times; i++) lengths.push(repeated);
  }
  if (lengths.length != count) return false;
  const distances = new Code(lengths.slice(lengthCount));
  return compressed(input, output, most, new Code(lengths.slice(0, lengthCount)), distances);
}

function fixedLengths(): Code {
  const lengths: i32[] = [];
  for (let i = 0; i < 288; i++) lengths.push(i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
  return new Code(lengths);
}

function fixedDistances(): Code {
  return new Code(new Array<i32>(30).fill(5));
}

function crc32(bytes: Uint8Array): u32 {
  let crc: u32 = ~0;
  for (let i = 0; i < bytes.length; i++) {
    crc ^= bytes[i];
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xedb8_8320 & -(crc & 1));
  }
  return ~crc;
}
