// Password: hashing with scrypt (RFC 7914), checking without telling which part was wrong, and comparing secrets in constant time.
import { hash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** How much work a hash is; as much again for whoever wants to guess. */
export interface HashOptions {
  /** The base-2 logarithm of N, which time and memory grow with. @default 15 */
  cost?: number
  /** r, which memory grows with: 128 · N · r bytes, so 32 MiB. @default 8 */
  blockSize?: number
  /** p, which time grows with. @default 3 */
  parallelism?: number
}

interface Work {
  readonly cost: number
  readonly blockSize: number
  readonly parallelism: number
}

interface Hash {
  readonly parameters: Work
  readonly salt: Buffer
  readonly key: Buffer
}

/** The most bytes of a password. More is refused before any work is done for it. */
export const longestPassword = 1024

const hashLength = 32
const saltLength = 16

/**
 * Hashes a password for keeping. The text that comes out holds the salt and the parameters, so these can be raised later.
 * The work is done off the main thread.
 *
 * @example user.passwordHash = await hashPassword('correct horse') // '$scrypt$ln=15,r=8,p=3$…$…'
 * @throws TypeError, also as a rejection, for an empty password, one over {@link longestPassword}, and parameters out of bounds
 */
export async function hashPassword(password: string, options: HashOptions = {}): Promise<string> {
  if (typeof password !== 'string' || password === '' || Buffer.byteLength(password) > longestPassword)
    throw new TypeError(`hashPassword(): a password is a text of 1 to ${longestPassword} bytes.`)
  const parameters = readOptions(options, 'hashPassword()')
  const salt = randomBytes(saltLength)
  return write(parameters, salt, await derive(password, salt, hashLength, parameters))
}

/**
 * Whether a password is the one that was hashed. What is not a hash of {@link hashPassword}'s is no password's.
 * @example if (await verifyPassword(body.password, user.passwordHash)) …
 */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const read = readHash(stored)
  return read !== undefined && matches(password, read)
}

async function matches(password: string, { salt, key, parameters }: Hash): Promise<boolean> {
  if (typeof password !== 'string' || password === '' || Buffer.byteLength(password) > longestPassword) return false
  return timingSafeEqual(await derive(password, salt, key.length, parameters), key)
}

/** Options of {@link passwordCheck}. */
export interface PasswordCheckOptions<U> extends HashOptions {
  /** The hash that a user has. @default the user's `passwordHash` */
  hash?: (user: U) => string | null | undefined
}

/**
 * A check for `basic()`, and for log-in forms: looks the user up and compares the password. Where there is no such user, a hash that
 * fits no password is compared, so that the time tells nobody which names exist. It costs what the options say: give those of your hashes.
 *
 * @param find looks a user up by name
 * @example authenticate(basic(passwordCheck((name) => User.findOne({ where: { name } }))))
 */
export function passwordCheck<U extends object>(
  find: (name: string) => U | null | undefined | Promise<U | null | undefined>,
  { hash: hashOf = (user) => (user as { passwordHash?: string }).passwordHash, ...options }: PasswordCheckOptions<U> = {},
): (name: string, password: string) => Promise<U | undefined> {
  if (typeof find !== 'function') throw new TypeError('passwordCheck(): a function (name) => user is needed.')
  if (typeof hashOf !== 'function') throw new TypeError("passwordCheck(): 'hash' is a function (user) => hash.")
  const nobodys = write(readOptions(options, 'passwordCheck()'), randomBytes(saltLength), randomBytes(hashLength))
  return async (name, password) => {
    const user = await find(name)
    const stored = user ? readHash(hashOf(user)) : undefined
    // Nobody's hash is read anew like everybody else's: that takes its time too.
    const right = await matches(password, stored ?? (readHash(nobodys) as Hash))
    return user && stored && right ? user : undefined
  }
}

/**
 * Whether two secrets are equal, in a time that does not tell where they differ, nor how long they are.
 * @example apikey({ header: 'X-API-Key', verify: (key) => safeEqual(key, process.env.API_KEY) && robot })
 */
export function safeEqual(one: string | Uint8Array, other: string | Uint8Array): boolean {
  return timingSafeEqual(hash('sha256', one, 'buffer'), hash('sha256', other, 'buffer'))
}

// RFC 8265 section 4.2: the same letters, however a keyboard composes them.
function derive(password: string, salt: Uint8Array, length: number, { cost, blockSize: r, parallelism: p }: Work): Promise<Buffer> {
  const N = 2 ** cost
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, length, { N, r, p, maxmem: 256 * N * r + 1024 * p * r }, (error, key) => (error ? reject(error) : resolve(key)))
  })
}

function readOptions({ cost = 15, blockSize = 8, parallelism = 3, ...rest }: HashOptions, where: string): Work {
  const unknown = Object.keys(rest)[0]
  if (unknown !== undefined) throw new TypeError(`${where}: '${unknown}' is not an option.`)
  const parameters = { cost, blockSize, parallelism }
  for (const [name, [least, most]] of Object.entries(bounds)) {
    const value = parameters[name as keyof Work]
    if (!Number.isInteger(value) || value < least || value > most) throw new TypeError(`${where}: '${name}' needs a whole number from ${least} to ${most}.`)
  }
  return parameters
}

const bounds: Record<keyof Work, [least: number, most: number]> = { cost: [1, 20], blockSize: [1, 32], parallelism: [1, 16] }

// The PHC string format: $scrypt$ln=15,r=8,p=3$salt$hash, base64 without padding.
const phc = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '')

const write = ({ cost, blockSize, parallelism }: Work, salt: Uint8Array, key: Uint8Array): string =>
  `$scrypt$ln=${cost},r=${blockSize},p=${parallelism}$${unpadded(salt)}$${unpadded(key)}`

function readHash(stored: unknown): Hash | undefined {
  const found = typeof stored === 'string' ? phc.exec(stored) : null
  if (!found) return undefined
  const parameters = { cost: Number(found[1]), blockSize: Number(found[2]), parallelism: Number(found[3]) }
  for (const [name, [least, most]] of Object.entries(bounds)) {
    const value = parameters[name as keyof Work]
    if (value < least || value > most) return undefined
  }
  return { parameters, salt: Buffer.from(found[4] as string, 'base64'), key: Buffer.from(found[5] as string, 'base64') }
}
