// The door to JSON Web Tokens, apart from the front door because only whoever comes through it needs jose.
import type { Scheme } from './scheme.js'
import { type BearerOptions, bearer } from './schemes/bearer.js'
import { type JwtOptions, jwtVerifier } from './schemes/jwt.js'

export type { JwtOptions }

/**
 * Bearer tokens that are JSON Web Tokens. Key, issuer, audience and algorithms have no default: a token that says less is not taken.
 *
 * @example authenticate(jwt({ jwks: 'https://id.example.com/jwks', issuer: 'https://id.example.com/', audience: 'contacts', algorithms: ['ES256'] }))
 * @throws TypeError when an option is wrong, or key and algorithms do not belong together
 */
export function jwt({ realm, name = 'jwt', ...options }: JwtOptions & Pick<BearerOptions, 'realm' | 'name'>): Scheme {
  return bearer(jwtVerifier(options), { format: 'JWT', name, ...(realm !== undefined && { realm }) })
}
