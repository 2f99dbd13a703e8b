// Multipart forms (RFC 7578), read only: fields and files in one object, the files stored where the application says.
// Everything is counted while it is read, and parts are taken one after another, so that memory stays flat and a slow disk slows the client.
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { Dicer } from '@fastify/busboy'
import { parse as parseContentType } from 'content-type'
import { decodeText } from '../body.js'
import type { Mapper, ParseContext } from '../mapper.js'
import { badRequest, contentTooLarge, Problem } from '../problem.js'
import { type FileStore, type FileTarget, toMemory, toStream, UploadedFile } from '../upload.js'

/** How multipart forms are read. More than any of these is a 413. */
export interface MultipartOptions {
  /** Where files go: {@link toMemory}, {@link toFile}, {@link toStream}, or a function that gives a stream for each. @default toMemory() */
  files?: FileStore | FileTarget
  /** The most parts that are fields. @default 1000 */
  maxFields?: number
  /** The most parts that are files. @default 100 */
  maxFiles?: number
  /** The most bytes of a field. @default 102400 */
  maxFieldSize?: number
  /** The most bytes of the name of a part. @default 100 */
  maxNameSize?: number
  /** The most bytes of the header fields of a part. @default 8192 */
  maxHeaderSize?: number
}

/**
 * A multipart mapper with options of your own. The whole body is bounded by `bodyLimit`, so large files ask for a larger one.
 *
 * @example
 * post: endpoint({ mapper: multipartWith({ files: toFile({ limit: 50e6 }) }), bodyLimit: 60e6, handler: ({ body }) => body.photo.keep('/srv/photos/7.jpg') })
 */
export function multipartWith(options: MultipartOptions = {}): Mapper {
  const { files = toMemory(), maxFields = 1000, maxFiles = 100, maxFieldSize = 102_400, maxNameSize = 100, maxHeaderSize = 8192 } = options
  const form = { files: typeof files === 'function' ? toStream(files) : files, maxFields, maxFiles, maxFieldSize, maxNameSize, maxHeaderSize }
  return { name: 'multipart', types: ['multipart/form-data'], untyped: true, parseStream: (body, context) => readForm(body, context, form) }
}

/** Multipart forms as they come out of the box: files in memory, 1 MiB each. */
export const multipart: Mapper = multipartWith()

type Form = Required<MultipartOptions> & { files: FileStore }

async function readForm(body: Readable, context: ParseContext, options: Form): Promise<Record<string, unknown>> {
  const { boundary } = context.parameters
  const form = new Map<string, unknown[]>()
  let fields = 0
  let files = 0
  try {
    if (!boundary || boundary.length > 70) throw malformed('The Content-Type has no boundary of 1 to 70 characters.')
    for await (const part of partsOf(body, boundary, options.maxHeaderSize)) {
      const { name, filename, type, charset } = readHead(part.head, options)
      if (filename === undefined) {
        if (++fields > options.maxFields) throw tooMuch(`The form has more than ${options.maxFields} fields.`)
        const pieces: Buffer[] = []
        for await (const piece of piecesOf(part, options.maxFieldSize, name)) pieces.push(piece)
        append(form, name, decodeText(Buffer.concat(pieces), charset))
      } else {
        if (++files > options.maxFiles) throw tooMuch(`The form has more than ${options.maxFiles} files.`)
        const file = new UploadedFile(name, filename, type)
        await options.files.store(file, piecesOf(part, options.files.limit, name, file), context)
        if (!part.content.readableEnded) throw new TypeError(`The store left bytes of the file in '${name}' unread.`)
        // A browser sends an empty file without a name where none was chosen.
        if (file.filename !== '' || file.size > 0) append(form, name, file)
      }
    }
    return Object.fromEntries([...form].map(([name, values]) => [name, values.length > 1 ? values : values[0]]))
  } finally {
    body.destroy()
  }
}

interface Part {
  readonly head: Readonly<Record<string, readonly string[]>>
  readonly content: Readable
}

// The parts of a body, in order. Dicer finds them; what it does not mind and what happens to the body ends the list with a problem.
function partsOf(body: Readable, boundary: string, maxHeaderSize: number): AsyncIterable<Part> {
  const parts = new Readable({ objectMode: true, read() {} })
  // Dicer cuts off what is too long for it and says nothing, so it gets some more room than a head may have.
  const dicer = new Dicer({ boundary, maxHeaderSize: maxHeaderSize * 2 } as Dicer.Config)
  let last: Readable | undefined
  let headless = false
  const fail = (error: unknown): void => {
    const problem = error instanceof Problem ? error : malformed('The form was cut off.', error)
    last?.destroy(problem)
    parts.destroy(problem)
  }
  dicer.on('part', (content) => {
    if (headless) fail(malformed(noHead))
    headless = true
    last = content
    content.on('error', ignore)
    content.once('header', (head) => {
      headless = false
      parts.push({ head, content })
    })
  })
  const read = async (): Promise<void> => {
    const finished = once(dicer, 'finish')
    finished.catch(ignore)
    for await (const chunk of body) await new Promise((done) => dicer.write(chunk, done))
    dicer.end()
    await finished
    if (headless) throw malformed(noHead)
    parts.push(null)
  }
  dicer.on('error', ignore)
  parts.on('error', ignore)
  read().catch(fail)
  return parts
}

const noHead = 'A part has no header fields.'
const ignore = (): void => {}

async function* piecesOf({ content }: Part, limit: number, name: string, counter = { size: 0 }): AsyncGenerator<Buffer> {
  try {
    for await (const piece of content) {
      counter.size += piece.length
      if (counter.size > limit) throw tooMuch(`The part ${JSON.stringify(name)} is larger than ${limit} bytes.`)
      yield piece
    }
  } catch (error) {
    throw error instanceof Problem ? error : malformed('The form was cut off.', error)
  }
}

interface Head {
  readonly name: string
  /** `undefined` where the part is a field. */
  readonly filename: string | undefined
  readonly type: string
  readonly charset: string | undefined
}

function readHead(head: Part['head'], { maxHeaderSize, maxNameSize }: Form): Head {
  const size = Object.entries(head).reduce((sum, [field, values]) => sum + values.reduce((length, value) => length + field.length + value.length + 4, 0), 0)
  if (size > maxHeaderSize) throw tooMuch(`The header fields of a part are larger than ${maxHeaderSize} bytes.`)
  const { name, filename } = readDisposition(head['content-disposition']?.[0])
  if (Buffer.byteLength(name) > maxNameSize) throw tooMuch(`The name of a part is longer than ${maxNameSize} bytes.`)
  if (name === '__proto__') throw malformed('The form has a name that is not taken: __proto__.')
  const encoding = head['content-transfer-encoding']?.[0]?.trim().toLowerCase() ?? 'binary'
  if (!plainEncodings.has(encoding)) throw malformed(`The part ${JSON.stringify(name)} has a Content-Transfer-Encoding (RFC 7578 section 4.7).`)
  const { type, parameters } = parseContentType(head['content-type']?.[0] ?? (filename === undefined ? 'text/plain' : bytesType))
  if (!mediaType.test(type)) throw malformed(`The part ${JSON.stringify(name)} has a Content-Type that is not a media type.`)
  const isFile = filename !== undefined || type === bytesType
  return { name, filename: isFile ? baseName(filename ?? '') : undefined, type: type.toLowerCase(), charset: parameters.charset }
}

const plainEncodings = new Set(['7bit', '8bit', 'binary'])
const mediaType = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/
const bytesType = 'application/octet-stream'
const formData = /^form-data[ \t]*/i
const parameter = /;[ \t]*([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s";]*))[ \t]*/y

// RFC 7578 section 4.2; its letters are sent as they are, in UTF-8. A backslash is one, unless it stands before a quote or another.
function readDisposition(field = ''): { name: string; filename: string | undefined } {
  const text = decodeText(Buffer.from(field, 'latin1'), 'utf-8')
  const found = new Map<string, string>()
  let at = formData.exec(text)?.[0].length ?? 0
  while (at > 0 && at < text.length) {
    parameter.lastIndex = at
    const [, key = '', quoted, bare = ''] = parameter.exec(text) ?? []
    found.set(key.toLowerCase(), quoted?.replace(/\\(["\\])/g, '$1') ?? bare)
    at = parameter.lastIndex
  }
  const name = found.get('name')
  if (at === 0 || !name) throw malformed('A part has no Content-Disposition with a name.')
  return { name, filename: found.get('filename') ?? extended(found.get('filename*')) }
}

// RFC 8187. Not to be sent in forms, and sent all the same.
function extended(value: string | undefined): string | undefined {
  const [, encoded] = /^utf-8'[^']*'(.*)$/i.exec(value ?? '') ?? []
  try {
    return encoded && decodeURIComponent(encoded)
  } catch {
    throw malformed('The name of a file is not UTF-8.')
  }
}

function baseName(filename: string): string {
  const base = filename.slice(Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\')) + 1).replace(/\p{Cc}/gu, '')
  return base === '.' || base === '..' ? '' : base
}

function append(form: Map<string, unknown[]>, name: string, value: unknown): void {
  const values = form.get(name)
  if (values) values.push(value)
  else form.set(name, [value])
}

// The rest of the body is still on its way when these are thrown, so the connection ends with the answer.
const leaving = { headers: { Connection: 'close' } }

function malformed(detail: string, cause?: unknown): Problem {
  return badRequest(detail, { ...leaving, cause })
}

function tooMuch(detail: string): Problem {
  return contentTooLarge(detail, leaving)
}
