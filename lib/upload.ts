// Upload: a file that came in a form, and the places it may go to: memory, a temporary file, a stream of the application's own.
import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, open, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ParseContext } from './mapper.js'

/** Takes the bytes of one file after another. */
export interface FileStore {
  /** The most bytes of one file. */
  readonly limit: number
  /** Resolves when all of `content` is where it belongs, and leaves nothing behind when it rejects. */
  store(file: UploadedFile, content: AsyncIterable<Buffer>, context: ParseContext): Promise<void>
}

/** Gives the stream that a file is written to. */
export type FileTarget = (file: UploadedFile, context: ParseContext) => Writable | Promise<Writable>

/** Keeps files in memory, as `bytes`; `limit` is the most bytes of one. @default 1 MiB @example multipartWith({ files: toMemory({ limit: 100_000 }) }) */
export function toMemory({ limit = mebibyte }: { limit?: number } = {}): FileStore {
  return {
    limit,
    async store(file, content) {
      const pieces: Buffer[] = []
      for await (const piece of content) pieces.push(piece)
      file.bytes = Buffer.concat(pieces)
    },
  }
}

/**
 * Writes each file to a temporary one that only this user can read, at `path`; it is removed when the request is over, unless it was kept.
 * @param options `dir`: the directory, which must be there. @default the system's; `limit`: the most bytes of one file. @default 1 MiB
 * @example multipartWith({ files: toFile({ dir: '/var/spool/photos', limit: 50e6 }) })
 */
export function toFile({ dir = tmpdir(), limit = mebibyte }: { dir?: string; limit?: number } = {}): FileStore {
  return {
    limit,
    async store(file, content, { onEnd }) {
      const path = join(dir, `upload-${randomUUID()}`)
      const handle = await open(path, 'wx', 0o600)
      try {
        try {
          await writeFile(handle, content)
        } finally {
          await handle.close()
        }
      } catch (error) {
        await rm(path, { force: true })
        throw error
      }
      file.path = path
      onEnd(() => {
        if (file.path === path) rm(path, { force: true }).catch(() => {})
      })
    },
  }
}

/**
 * Writes each file to the stream that `target` gives for it, also found at `target`; it is destroyed when the upload fails.
 * @param options `limit`: the most bytes of one file. @default 1 MiB
 * @example multipartWith({ files: toStream((file) => bucket.upload(file.filename), { limit: 50e6 }) })
 */
export function toStream(target: FileTarget, { limit = mebibyte }: { limit?: number } = {}): FileStore {
  return {
    limit,
    async store(file, content, context) {
      file.target = await target(file, context)
      await pipeline(content, file.target)
    },
  }
}

const mebibyte = 1024 * 1024

/** A file of a form: what the client says of it, and where it is. */
export class UploadedFile {
  /** The name of the form's field. */
  readonly name: string
  /** The last part of the name that the client gave, never a path; may be empty. Not fit for a name on this side. */
  readonly filename: string
  /** The media type that the client gave, without parameters. Only the bytes can tell whether it is true. */
  readonly type: string
  /** Bytes so far; all of them once the handler runs. */
  size = 0
  /** The content, where it was kept in memory. */
  declare bytes?: Buffer
  /** Where the content is, where it went to a file. */
  declare path?: string
  /** The stream of your own that took the content. */
  declare target?: Writable

  constructor(name: string, filename: string, type: string) {
    this.name = name
    this.filename = filename
    this.type = type
  }

  /** The content, to be read. @throws TypeError when it went to a stream of your own */
  stream(): Readable {
    if (this.bytes) return Readable.from([this.bytes], { objectMode: false })
    if (this.path !== undefined) return createReadStream(this.path)
    throw new TypeError(`The file in '${this.name}' went to a stream of your own.`)
  }

  /** Puts the content at `path`, in place of what is there, and leaves it there when the request is over. @throws TypeError as {@link stream} does */
  async keep(path: string): Promise<void> {
    if (this.path === undefined) await writeFile(path, this.stream(), { mode: 0o600 })
    else await move(this.path, path)
    this.path = path
  }

  /** What a client may see of it. */
  toJSON(): Record<string, unknown> {
    const { name, filename, type, size } = this
    return { name, filename, type, size }
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    await copyFile(from, to)
    await rm(from, { force: true })
  }
}
