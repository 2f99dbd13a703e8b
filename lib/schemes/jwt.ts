// JSON Web Tokens (RFC 7519, read as RFC 8725 asks), verified by jose. The algorithms that are taken are named, never the token's own choice.
import { createPublicKey, type KeyObject } from 'node:crypto'
import { type CryptoKey, createLocalJWKSet, createRemoteJWKSet, errors, type JSONWebKeySet, type JWK, type JWTPayload, jwtVerify } from 'jose'
import type { Context } from '../context.js'
import { serviceUnavailable } from '../problem.js'
import { type Found, refused } from '../scheme.js'

/** What tokens have to be like. */
export interface JwtOptions {
  /** The key: a shared secret (text or bytes, at least 32 of them), a public key (PEM text, KeyObject, CryptoKey), or a JWK. Either this or `jwks`. */
  key?: string | Uint8Array | KeyObject | CryptoKey | JWK
  /** Public keys, found by the token's `kid`: a set, or the URL of one, which is fetched when needed and kept for ten minutes. */
  jwks?: string | URL | JSONWebKeySet
  /** Who must have made the token (`iss`). */
  issuer: string | string[]
  /** Whom the token must be for (`aud`). */
  audience: string | string[]
  /** The algorithms that are taken, such as `['EdDSA', 'ES256']`; with a shared secret `['HS256']`. */
  algorithms: readonly string[]
  /** Claims that must be there. @default ['exp', 'sub'] */
  requiredClaims?: readonly string[]
  /** Seconds by which clocks may differ. @default 5 */
  clockTolerance?: number
  /** The user that the claims stand for, or nothing. Claims make nobody a superuser unless this says so. @default `{ id: claims.sub, claims }` */
  user?: (claims: JWTPayload, ctx: Context) => Found | Promise<Found>
}

const byPublicKey = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const bySecret = ['HS256', 'HS384', 'HS512']

/**
 * A `verify` for `bearer()` that takes JSON Web Tokens.
 * @throws TypeError when an option is wrong, or key and algorithms do not belong together
 */
export function jwtVerifier(options: JwtOptions): (token: string, ctx: Context) => Promise<Found> {
  const { key, issuer, audience, algorithms, requiredClaims, clockTolerance, user } = checkOptions(options)
  const fetched = typeof options.jwks === 'string' || options.jwks instanceof URL
  const rules = { issuer, audience, algorithms: [...algorithms], requiredClaims: [...requiredClaims], clockTolerance }
  return async (token, ctx) => {
    let claims: JWTPayload
    try {
      // One signature of jwtVerify takes a key, another a function that finds one.
      claims = (await jwtVerify(token, key as Parameters<typeof jwtVerify>[1], rules)).payload
    } catch (error) {
      if (!fetched || isFaultOf(error)) return refused(error instanceof errors.JWTExpired ? 'The token has expired.' : 'The token is not valid.')
      throw serviceUnavailable('The token cannot be checked just now.', { retryAfter: 5, cause: error })
    }
    return user ? user(claims, ctx) : { id: claims.sub, claims }
  }
}

const faults = [
  errors.JWTExpired,
  errors.JWTClaimValidationFailed,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
]

// The token's fault, not that of whoever keeps the keys.
const isFaultOf = (error: unknown): boolean => faults.some((kind) => error instanceof kind)

function checkOptions({ key, jwks, issuer, audience, algorithms, requiredClaims = ['exp', 'sub'], clockTolerance = 5, user, ...rest }: JwtOptions) {
  const wrong = (option: string, needs: string): never => {
    throw new TypeError(`jwt(): '${option}' needs ${needs}.`)
  }
  const unknown = Object.keys(rest)[0]
  if (unknown !== undefined) throw new TypeError(`jwt(): '${unknown}' is not an option.`)
  if ((key === undefined) === (jwks === undefined)) throw new TypeError("jwt(): either 'key' or 'jwks' is needed.")
  if (!isNames(issuer)) wrong('issuer', 'the name of whoever makes the tokens, or a list of them')
  if (!isNames(audience)) wrong('audience', 'the name of whom the tokens are for, or a list of them')
  const secret = algorithms?.[0]?.startsWith('HS') ?? false
  const known = secret ? bySecret : byPublicKey
  // RFC 8725 sections 2.1 and 3.1: were both families taken, a public key could be used as a secret.
  if (!Array.isArray(algorithms) || algorithms.length === 0 || algorithms.some((algorithm) => !known.includes(algorithm)))
    wrong('algorithms', `a list out of ${byPublicKey.join(', ')}, or out of ${bySecret.join(', ')}`)
  if (!Array.isArray(requiredClaims) || requiredClaims.some((claim) => typeof claim !== 'string')) wrong('requiredClaims', 'a list of names')
  if (typeof clockTolerance !== 'number' || !(clockTolerance >= 0 && clockTolerance <= 600)) wrong('clockTolerance', 'a number of seconds from 0 to 600')
  if (user !== undefined && typeof user !== 'function') wrong('user', 'a function (claims) => user')
  const found = key === undefined ? keySet(jwks, secret, wrong) : oneKey(key, secret, wrong)
  return { key: found, issuer, audience, algorithms, requiredClaims, clockTolerance, user }
}

type Wrong = (option: string, needs: string) => never

const isNames = (value: unknown): boolean => {
  const list = Array.isArray(value) ? value : [value]
  return list.length > 0 && list.every((name) => typeof name === 'string' && name !== '')
}

function oneKey(key: unknown, secret: boolean, wrong: Wrong): unknown {
  if (typeof key === 'string' && key.startsWith('-----BEGIN')) return oneKey(publicKey(key, wrong), secret, wrong)
  const bytes = typeof key === 'string' ? new TextEncoder().encode(key) : key
  if (bytes instanceof Uint8Array) {
    // RFC 7518 section 3.2: a secret as long as the hash.
    return secret && bytes.length >= 32 ? bytes : wrong('key', secret ? 'at least 32 bytes' : 'a public key: these algorithms know no shared secret')
  }
  const { type, kty } = (typeof key === 'object' && key !== null ? key : {}) as { type?: unknown; kty?: unknown }
  const isSecret = type === 'secret' || kty === 'oct'
  if (!isSecret && type !== 'public' && typeof kty !== 'string') wrong('key', 'a secret, a public key as PEM, KeyObject or CryptoKey, or a JWK')
  return isSecret === secret ? key : wrong('key', secret ? 'a shared secret for these algorithms' : 'a public key for these algorithms')
}

function publicKey(pem: string, wrong: Wrong): KeyObject {
  try {
    return createPublicKey(pem)
  } catch {
    return wrong('key', 'PEM text that can be read')
  }
}

function keySet(jwks: unknown, secret: boolean, wrong: Wrong): unknown {
  if (secret) wrong('algorithms', `public keys where there is 'jwks': a list out of ${byPublicKey.join(', ')}`)
  if (jwks instanceof URL || typeof jwks === 'string') {
    const url = URL.canParse(String(jwks)) ? new URL(jwks) : undefined
    const local = url?.hostname === 'localhost' || url?.hostname === '127.0.0.1'
    return url && (url.protocol === 'https:' || (url.protocol === 'http:' && local))
      ? createRemoteJWKSet(url)
      : wrong('jwks', 'an https URL, or a set { keys: [...] }')
  }
  try {
    return createLocalJWKSet(jwks as JSONWebKeySet)
  } catch {
    return wrong('jwks', 'an https URL, or a set { keys: [...] }')
  }
}
