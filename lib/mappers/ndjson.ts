// NDJSON: one JSON text a line, for lists that are long or never end.
import type { Readable } from 'node:stream'
import { decodeText } from '../body.js'
import { parseJson } from '../json.js'
import type { Mapper, ParseContext } from '../mapper.js'
import { badRequest, contentTooLarge, Problem, unsupportedMediaType } from '../problem.js'

/** How NDJSON is read. */
export interface NdjsonOptions {
  /** Gives the handler an async iterable of the lines as they come, instead of a list of all. @default false */
  stream?: boolean
  /** The most bytes of a line that is streamed in. @default 1048576 */
  maxLineSize?: number
  /** The deepest nesting that is read. @default 100 */
  depth?: number
}

/**
 * An NDJSON mapper with options of your own.
 *
 * @example
 * post: endpoint({ mapper: ndjsonWith({ stream: true }), bodyLimit: 1e9, handler: async ({ body }) => { for await (const row of body) await save(row) } })
 */
export function ndjsonWith({ stream = false, maxLineSize = 1_048_576, depth = 100 }: NdjsonOptions = {}): Mapper {
  return {
    name: 'ndjson',
    types: ['application/x-ndjson'],
    reads: ['application/jsonl', 'application/jsonlines'],
    ...(stream
      ? { parseStream: (body, context) => readLines(body, context, maxLineSize, depth) }
      : { parse: (text) => text.split('\n').flatMap((line, index) => readLine(line, index + 1, depth)) }),
    format: (data) => (Array.isArray(data) ? data.map(formatLine).join('') : formatLine(data)),
    formatRows,
  }
}

/** NDJSON as it comes out of the box: lists in, lists and streams of rows out. */
export const ndjson: Mapper = ndjsonWith()

async function* readLines(body: Readable, { parameters: { charset } }: ParseContext, maxLineSize: number, depth: number): AsyncGenerator<unknown> {
  if (charset !== undefined && !/^(?:utf-?8|us-ascii|iso-8859-1)$/i.test(charset)) throw unsupportedMediaType('Lines that are streamed are UTF-8.')
  let number = 0
  for await (const line of linesOf(body, maxLineSize)) yield* readLine(decodeText(line, charset), ++number, depth)
}

async function* linesOf(body: Readable, maxLineSize: number): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = []
  let length = 0
  for await (const chunk of chunksOf(body)) {
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      pieces.push(chunk.subarray(start, end))
      length += end - start
      if (length > maxLineSize) break
      yield Buffer.concat(pieces)
      pieces = []
      length = 0
      start = end + 1
    }
    length += chunk.length - start
    if (length > maxLineSize) throw contentTooLarge(`A line is longer than ${maxLineSize} bytes.`, leaving)
    pieces.push(chunk.subarray(start))
  }
  if (length > 0) yield Buffer.concat(pieces)
}

async function* chunksOf(body: Readable): AsyncGenerator<Buffer> {
  try {
    yield* body
  } catch (error) {
    throw error instanceof Problem ? error : badRequest('The body was cut off.', { cause: error })
  }
}

const lineFeed = 0x0a

// The rest of the body is still on its way when these are thrown, so the connection ends with the answer.
const leaving = { headers: { Connection: 'close' } }

// A list of one, or of none where the line is empty.
function readLine(line: string, number: number, depth: number): [] | [unknown] {
  const text = line.trim()
  if (text === '') return []
  try {
    return [parseJson(text, depth)]
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof Problem)) throw error
    throw badRequest(`Line ${number}: ${error.message.slice(0, 300)}`, { ...leaving, cause: error })
  }
}

async function* formatRows(rows: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const row of rows) yield formatLine(row)
}

function formatLine(data: unknown): string {
  return `${JSON.stringify(data) ?? null}\n`
}
