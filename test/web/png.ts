import { crc32, deflateSync, inflateSync } from 'node:zlib'

/* Pictures of pages in 256 colours, a third of what Chromium writes: for docs/screens. */

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10])
/** Bits of each channel that tell colours apart. */
const PRECISION = 5

/**
 * Rewrites a PNG of 8 bits a channel, RGB or RGBA and not interlaced, with a palette of its 256 most frequent colours.
 *
 * @throws {RangeError} for another form of PNG
 */
export function toPalette(png: Buffer): Buffer {
  const { width, height, pixels } = decode(png)
  const keys = new Uint16Array(width * height)
  const counts = new Map<number, [count: number, r: number, g: number, b: number]>()
  for (let i = 0; i < keys.length; i++) {
    const [r, g, b] = [pixels[3 * i] as number, pixels[3 * i + 1] as number, pixels[3 * i + 2] as number]
    const drop = 8 - PRECISION
    const key = ((r >> drop) << (2 * PRECISION)) | ((g >> drop) << PRECISION) | (b >> drop)
    keys[i] = key
    const count = counts.get(key) ?? [0, 0, 0, 0]
    count[0]++
    count[1] += r
    count[2] += g
    count[3] += b
    counts.set(key, count)
  }
  const means = [...counts].map(([key, [n, r, g, b]]) => ({
    key,
    n,
    rgb: [r / n, g / n, b / n].map(Math.round),
  }))
  const palette = means.sort((a, b) => b.n - a.n).slice(0, 256)
  const nearest = new Map(
    means.map(({ key, rgb }) => {
      const far = palette.map((one) =>
        one.rgb.reduce((sum, value, c) => sum + (value - (rgb[c] as number)) ** 2, 0),
      )
      return [key, far.indexOf(Math.min(...far))]
    }),
  )
  const rows = Buffer.alloc((width + 1) * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      rows[y * (width + 1) + 1 + x] = nearest.get(keys[y * width + x] as number) as number
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 3, 0, 0, 0], 8)
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flatMap(({ rgb }) => rgb))),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}

/** Reads an image as RGB; transparency is none in pages. */
function decode(png: Buffer): { width: number; height: number; pixels: Uint8Array } {
  if (!png.subarray(0, 8).equals(SIGNATURE)) throw new RangeError('png is not a PNG')
  const data: Buffer[] = []
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(png.subarray(at + 8, at + 8 + length))
    at += length + 12
  }
  const [width, height, depth, colour] = [png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]]
  const channels = colour === 2 ? 3 : 4
  if (depth !== 8 || (colour !== 2 && colour !== 6) || png[28] !== 0)
    throw new RangeError('png has another form')
  const raw = inflateSync(Buffer.concat(data))
  const stride = width * channels
  const lines = new Uint8Array(stride * height)
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)]
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x
      const left = x < channels ? 0 : (lines[at - channels] as number)
      const up = y === 0 ? 0 : (lines[at - stride] as number)
      const corner = x < channels || y === 0 ? 0 : (lines[at - stride - channels] as number)
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter as number] as number
      lines[at] = (raw[y * (stride + 1) + 1 + x] as number) + guess
    }
  }
  const pixels = new Uint8Array(width * height * 3)
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) pixels[3 * i + c] = lines[channels * i + c] as number
  }
  return { width, height, pixels }
}

/** The predictor of the PNG specification, section 9.4. */
function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)]
  if (a <= b && a <= c) return left
  return b <= c ? up : corner
}
