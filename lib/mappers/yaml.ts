// YAML 1.2, core schema: the data that JSON can hold and nothing else. No tags of its own, few aliases, and no text deeper or larger than it says.
import { Composer, type Document, isScalar, Lexer, Parser, visit, stringify as write } from 'yaml'
import { parseJson } from '../json.js'
import type { Mapper } from '../mapper.js'
import { badRequest, contentTooLarge } from '../problem.js'

/** How YAML is read. */
export interface YamlOptions {
  /** The deepest nesting that is read. @default 100 */
  depth?: number
  /** How often a text may refer to what has an anchor; aliases of aliases count for what they come to. @default 20 */
  aliases?: number
  /** The most characters that are read; YAML takes far longer to read than JSON. @default 102400 */
  maxSize?: number
}

/** A YAML mapper with options of your own. @example mappers: [json, yamlWith({ aliases: 0 })] */
export function yamlWith({ depth = 100, aliases = 20, maxSize = 102_400 }: YamlOptions = {}): Mapper {
  return {
    name: 'yaml',
    types: ['application/yaml'],
    reads: ['text/yaml', 'text/x-yaml', 'application/x-yaml'],
    suffix: '+yaml',
    parse: (text) => parseYaml(text, depth, aliases, maxSize),
    format: (data) => write(data, { ...core, compat: 'yaml-1.1', aliasDuplicateObjects: false, lineWidth: 0 }),
  }
}

const core = { version: '1.2', schema: 'core', merge: false, resolveKnownTags: false, uniqueKeys: false, stringKeys: true } as const

/** YAML as it comes out of the box. */
export const yaml: Mapper = yamlWith()

function parseYaml(text: string, depth: number, aliases: number, maxSize: number): unknown {
  if (text.length > maxSize) throw contentTooLarge(`The YAML is longer than ${maxSize} characters.`)
  const document = compose(text, depth)
  const data = toData(document, aliases)
  // What JSON cannot hold is refused, and what it can is held against the guards of JSON.
  return parseJson(JSON.stringify(data, refuseInfinite), depth)
}

// Composing calls itself at each level, so the depth is looked at before, as the tokens come.
function compose(text: string, depth: number): Document.Parsed {
  const parser = new Parser()
  const composer = new Composer({ ...core, prettyErrors: false })
  const documents: Document.Parsed[] = []
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) documents.push(...composer.next(token))
    if (parser.stack.length > depth + besides) throw badRequest(`The YAML is nested more than ${depth} levels deep.`)
  }
  for (const token of parser.end()) documents.push(...composer.next(token))
  documents.push(...composer.end())
  const [document, another] = documents
  if (!document || another) throw badRequest('The YAML is not one document.')
  const [error] = [...document.errors, ...document.warnings]
  if (error) throw new SyntaxError(`The YAML is not well formed at character ${error.pos[0]}: ${error.message}`)
  visit(document, {
    Map(_, { items }) {
      const keys = new Set(items.map(({ key }) => (isScalar(key) ? key.value : key)))
      if (keys.size < items.length) throw badRequest('The YAML has a key twice in one mapping.')
    },
  })
  return document
}

// A document and a scalar are on the parser's stack, too.
const besides = 2

function toData(document: Document.Parsed, aliases: number): unknown {
  try {
    const data: unknown = document.toJS({ maxAliasCount: aliases + 1 })
    JSON.stringify(data)
    return data
  } catch (error) {
    throw badRequest('The YAML has an alias that leads nowhere or to itself, or too many of them.', { cause: error })
  }
}

function refuseInfinite(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw badRequest('The YAML has a number that is not finite.')
  return value
}
