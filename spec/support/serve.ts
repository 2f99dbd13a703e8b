// Serve: an Express app on a real port of the loopback for the length of one spec, and ways to ask it.
import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import express, { type Express, type RequestHandler } from 'express'
import { onTestFinished } from 'vitest'
import { createServer } from '../../lib/index.js'

/** A running app: `base` is its URL, `get` and `send` ask it. */
export interface Served {
  base: string
  port: number
  server: Server
  /** Errors that reached Express's own error handling, in order. */
  errors: unknown[]
  get(path: string, headers?: Record<string, string>): Promise<Response>
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
  /** Writes bytes as they are and gives what came back until the connection closed or `ms` went by. */
  raw(message: string | Buffer, ms?: number): Promise<string>
}

/** An app with the given middleware, served until the spec is over. An object as a body goes out as JSON. */
export function serve(...handlers: (RequestHandler | RequestHandler[])[]): Promise<Served> {
  const app = express()
  for (const handler of handlers) app.use(handler)
  return serveApp(app)
}

/** An app of the spec's own, served until the spec is over; what reaches its error handling is kept in `errors`. */
export async function serveApp(app: Express, listen: (app: Express) => Server = (app) => createServer(app)): Promise<Served> {
  const errors: unknown[] = []
  app.use(((error, _req, res, next) => {
    errors.push(error)
    if (res.headersSent) next(error)
    else res.status(error?.status ?? 500).send('express')
  }) as express.ErrorRequestHandler)
  const server = listen(app)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const base = `http://127.0.0.1:${port}`
  const send: Served['send'] = (method, path, body, headers = {}) => {
    const plain = body === undefined || typeof body === 'string' || body instanceof Uint8Array || body instanceof FormData || body instanceof ReadableStream
    return fetch(base + path, {
      method,
      headers: plain ? headers : { 'Content-Type': 'application/json', ...headers },
      redirect: 'manual',
      ...(body !== undefined && { body: (plain ? body : JSON.stringify(body)) as never, duplex: 'half' }),
    } as RequestInit)
  }
  return { base, port, server, errors, send, get: (path, headers) => send('GET', path, undefined, headers), raw: (message, ms) => raw(port, message, ms) }
}

function raw(port: number, message: string | Buffer, ms = 2000): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(message))
    let answer = ''
    const end = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(end, ms)
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('close', end)
    socket.on('error', end)
  })
}
