/**
 * Reads a body, and no further than `bytesMax`: rejects with a RangeError beyond it, having read at most one chunk
 * more. What a body claims as its length is believed when it is too long already.
 */
export async function readBody(response: Response, bytesMax: number): Promise<Buffer> {
  if (Number(response.headers.get('content-length')) > bytesMax) throw tooLong(bytesMax)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > bytesMax) throw tooLong(bytesMax)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function tooLong(bytesMax: number): RangeError {
  return new RangeError(`the answer is longer than ${bytesMax} bytes`)
}

const discardBytesMax = 4096

/**
 * Takes a body off the connection, when it is short, so that the next call can use the connection;
 * the end of the try closes it otherwise.
 */
export async function discardBody(response: Response): Promise<void> {
  if (response.headers.has('content-length'))
    await readBody(response, discardBytesMax).catch(() => {})
}
