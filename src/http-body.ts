/**
 * Reads the body of a response, whatever its headers say of its length, and stops at the first byte too many: a server that sends
 * without end costs `most` bytes and no more.
 *
 * @param most bytes that are read at most
 * @returns the bytes, or undefined if there are more
 * @throws what the connection fails with
 */
export async function readBody(response: Response, most: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = []
  let length = 0
  const reader = response.body?.getReader()
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {}
    if (done || value === undefined) break
    length += value.length
    if (length > most) {
      // Whether the server hears of it is its own business.
      reader?.cancel().catch(() => {})
      return undefined
    }
    parts.push(value)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
