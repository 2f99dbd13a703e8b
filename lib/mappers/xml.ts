// XML (1.0, fifth edition) as a spelling of data. What goes out comes back the same; what others write is read as well as it can be.
import { XMLParser } from 'fast-xml-parser'
import { resolve } from '../coerce.js'
import { Decimal, readNumber } from '../decimal.js'
import type { FormatContext, Mapper } from '../mapper.js'
import { badRequest } from '../problem.js'
import { checkXml, nameRest, nameStart } from './xml-check.js'

/** How XML is read and written. */
export interface XmlOptions {
  /** The name of the root element, or a function that makes one of the name of the resource. Any is read. @default 'root' */
  root?: string | ((resource: string | undefined) => string)
  /** Makes the name of a list's items of the name of the list, which is empty for a list at the top. @default (list) => `${list}_item` */
  item?: (list: string) => string
  /** Whether attributes are members, texts with `@` before their names. Else they are dropped. @default false */
  attributes?: boolean
  /**
   * What becomes of a text that is a number of JSON: a number where a double holds it and a text where not, a number in any case
   * (a BigInt or a {@link Decimal} where a double is too small), or a text. Where there is a schema, it decides.
   * @default 'number'
   */
  numbers?: 'number' | 'decimal' | 'text'
  /** The deepest nesting of elements that is read. @default 100 */
  depth?: number
}

type Settings = Required<XmlOptions>

/** An XML mapper with options of your own. @example mappers: [json, xmlWith({ root: (name) => name ?? 'root', attributes: true })] */
export function xmlWith(options: XmlOptions = {}): Mapper {
  const settings: Settings = { root: 'root', item: (list) => `${list}_item`, attributes: false, numbers: 'number', depth: 100, ...options }
  const { root, item, depth } = settings
  const rootTag = ({ name }: FormatContext): string => `${encodeName(typeof root === 'function' ? root(name) : root)} ${xsi}`
  return {
    name: 'xml',
    types: ['application/xml', 'text/xml'],
    suffix: '+xml',
    problemType: 'application/problem+xml',
    untyped: true,
    parse: (text, { schema, parameters }) => readData(parse(checkXml(text, { depth, charset: parameters.charset })), schema, settings),
    format: (data, context) => {
      if (context.problem) return declaration + element(problemTag, '', data, { ...settings, item: () => 'i', attributes: false, bare: true })
      return declaration + element(rootTag(context), '', data, settings)
    },
    async *formatRows(rows, context) {
      const tag = rootTag(context)
      const name = item('')
      let before = `${declaration}<${tag}>`
      for await (const row of rows) {
        yield before + element(encodeName(name), name, row ?? null, settings)
        before = ''
      }
      yield before === '' ? `</${nameOf(tag)}>` : declaration + element(tag, '', [], settings)
    },
  }
}

/**
 * XML as it comes out of the box; indented here to be read:
 *
 *     <?xml version="1.0"?>
 *     <root xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 *       <name>Ann</name>
 *       <tags><tags_item>cook</tags_item><tags_item>climber</tags_item></tags>
 *       <phone xsi:nil="true"/>
 *       <postcode type="string">90100</postcode>
 *     </root>
 *
 * - An object is an element with an element for each member, a list one whose elements are all called `<name>_item`.
 * - null is `xsi:nil="true"`, an empty element is an empty string.
 * - `type="list"`, `"object"` or `"string"` is written only where nothing else tells: an empty list, an empty object,
 *   an object whose only member is called like an item, a string that looks like a number or a boolean.
 * - A name that XML does not have is written as in SQL/XML: `a b` is `a_x0020_b`, and the empty name `_x_`.
 * - A character that XML does not have becomes U+FFFD.
 *
 * What others write: several elements of one name are a list, and so is an element that has no others; text beside elements is the
 * member `#text`; attributes are dropped; prefixes stay as they are. A schema knows better what is a list, a number or a text.
 * A document type, an entity of its own, or an element called `__proto__`, `constructor` or `prototype` is a 400.
 *
 * @example mappers: [json, xml]
 */
export const xml: Mapper = xmlWith()

// In: a text that has been checked, a tree of elements, data.

// Only what checkXml has let through gets here, so everything that could be clever is switched off.
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  trimValues: false,
  parseTagValue: false,
  processEntities: false,
  cdataPropName: '#cdata',
  maxNestedTags: Number.POSITIVE_INFINITY,
  onDangerousProperty: (name) => name,
})

/** What the parser gives for an element: its content under its name, and its attributes. Text stands under `#text`. */
type Node = { [name: string]: Node[] | string } & { ':@'?: Record<string, string> }

interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Element[]
  readonly text: string
}

function parse(text: string): Element {
  let nodes: Node[]
  try {
    nodes = parser.parse(text) as Node[]
  } catch (error) {
    throw badRequest('The XML has a name that is not taken: __proto__, constructor or prototype.', { cause: error })
  }
  // A list at the top has no name of its own.
  return { ...toElement(nodes.find((node) => !('#text' in node)) as Node), name: '' }
}

function toElement(node: Node): Element {
  const raw = Object.keys(node)[0] as string
  const name = decodeName(raw)
  if (name === '__proto__' || name === 'constructor' || name === 'prototype') throw badRequest(`The XML has a name that is not taken: ${name}.`)
  const children: Element[] = []
  let text = ''
  for (const child of node[raw] as Node[]) {
    if ('#text' in child) text += resolveReferences(child['#text'] as string)
    else if ('#cdata' in child) text += (child['#cdata'] as Node[])[0]?.['#text'] ?? ''
    else children.push(toElement(child))
  }
  return { name, attributes: node[':@'] ?? {}, children, text }
}

const entities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function resolveReferences(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|(\w+));/g, (_, hex, decimal, word) => {
    return word ? (entities[word] as string) : String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal))
  })
}

const marks = new Set(['list', 'object', 'string'])
const blank = /^[ \t\n]*$/

// With a schema, texts stay texts: the coercion behind makes of them what it says.
function readData(root: Element, schema: object | boolean | undefined, { item, attributes: withAttributes, numbers }: Settings): unknown {
  const guess = (text: string): unknown => (typeof schema === 'object' ? text : readText(text, numbers))

  const read = ({ name, attributes, children, text }: Element, part: unknown): unknown => {
    if (attributes['xsi:nil'] === 'true' || attributes['xsi:nil'] === '1') return null
    const { type } = attributes
    const shape = shapeOf(part, schema)
    const kind = type !== undefined && marks.has(type) ? type : shape.kind
    const own = withAttributes ? Object.entries(attributes).filter(([key]) => !isOurs(key, type)) : []
    if (children.length === 0 && own.length === 0 && kind !== 'object') {
      if (kind === 'list') return blank.test(text) ? [] : [guess(text)]
      return kind === 'string' ? text : guess(text)
    }
    if (own.length === 0 && (kind === 'list' || (kind !== 'object' && looksLikeList(children, item(name))))) {
      return children.map((child) => read(child, shape.items))
    }
    const members = own.map(([key, value]): [string, unknown] => [`@${decodeName(key)}`, resolveReferences(value.replace(/[\t\n]/g, ' '))])
    for (const [key, group] of groupByName(children)) {
      const ofKey = shape.of(key)
      const { items } = shapeOf(ofKey, schema)
      members.push([key, group.length > 1 ? group.map((child) => read(child, items)) : read(group[0] as Element, ofKey)])
    }
    if (!blank.test(text)) members.push(['#text', children.length > 0 ? text.trim() : text])
    return Object.fromEntries(members)
  }

  return read(root, schema)
}

function readText(text: string, numbers: Settings['numbers']): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  const number = numbers === 'text' ? undefined : readNumber(text)
  if (number === undefined || typeof number === 'number' || numbers === 'decimal') return number ?? text
  return String(Number(text)) === text ? Number(text) : text
}

function isOurs(key: string, type: string | undefined): boolean {
  return key === 'xmlns' || key.startsWith('xmlns:') || key.startsWith('xsi:') || (key === 'type' && marks.has(type as string))
}

function looksLikeList(children: readonly Element[], item: string): boolean {
  const [first] = children as [Element]
  return (children.length > 1 || first.name === item) && children.every(({ name }) => name === first.name)
}

function groupByName(children: readonly Element[]): Map<string, Element[]> {
  const groups = new Map<string, Element[]>()
  for (const child of children) {
    const group = groups.get(child.name)
    if (group) group.push(child)
    else groups.set(child.name, [child])
  }
  return groups
}

/** What a JSON Schema says of a value that is a list or an object. */
interface Shape {
  readonly kind?: 'list' | 'object'
  readonly items?: unknown
  of(member: string): unknown
}

const shapeless: Shape = { of: () => undefined }
const deepest = 10

function shapeOf(schema: unknown, root: object | boolean | undefined, level = 0): Shape {
  if (typeof schema !== 'object' || schema === null || level > deepest) return shapeless
  const { $ref, type, items, properties, additionalProperties, ...ways } = schema as Record<string, unknown>
  const isOf = (name: string): boolean => type === name || (Array.isArray(type) && type.includes(name))
  if (isOf('array')) return { ...shapeless, kind: 'list', items }
  if (isOf('object'))
    return { kind: 'object', of: (member) => (Object.hasOwn(properties ?? {}, member) ? (properties as never)[member] : additionalProperties) }
  const target = typeof $ref === 'string' ? [resolve($ref, root as object)] : []
  const others = [ways.anyOf, ways.oneOf, ways.allOf].filter(Array.isArray).flat()
  return [...target, ...others].map((way) => shapeOf(way, root, level + 1)).find(({ kind }) => kind) ?? shapeless
}

// Out: data, elements.

const declaration = '<?xml version="1.0"?>'
const xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
// RFC 7807 appendix A, which RFC 9457 took over as appendix B.
const problemTag = 'problem xmlns="urn:ietf:rfc:7807"'

interface Writing extends Settings {
  /** Without the attributes that tell types. */
  bare?: boolean
}

// `start` is the inside of the start tag, `name` what its name is before it is encoded. Nothing is written of nothing.
function element(start: string, name: string, value: unknown, writing: Writing): string {
  if (value === undefined) return ''
  const { item, attributes, numbers, bare } = writing
  let inside = ''
  let mark = ''
  if (value === null || (typeof value === 'number' && !Number.isFinite(value))) mark = 'xsi:nil="true"'
  else if (Array.isArray(value)) {
    const itemName = item(name)
    const itemTag = encodeName(itemName)
    for (const one of value) inside += element(itemTag, itemName, one ?? null, writing)
    if (inside === '') mark = 'type="list"'
  } else if (typeof value === 'object' && !(value instanceof Decimal)) {
    const names: string[] = []
    for (const [key, member] of Object.entries(value)) {
      if (member === undefined) continue
      const isFlat = attributes && (typeof member !== 'object' || member === null)
      if (isFlat && key.startsWith('@') && !isOurs(key.slice(1), String(member))) start += ` ${encodeName(key.slice(1))}="${escapeAttribute(member)}"`
      else if (isFlat && key === '#text') inside += escapeText(member)
      else inside += element(encodeName(key), key, member, writing)
      names.push(key)
    }
    if (names.length === 0 || (names.length === 1 && (names[0] === item(name) || (attributes && names[0] === '#text')))) mark = 'type="object"'
  } else {
    inside = escapeText(value)
    if (typeof value === 'string' && readText(value, numbers) !== value) mark = 'type="string"'
  }
  const tag = mark === '' || bare ? start : `${start} ${mark}`
  return inside === '' ? `<${tag}/>` : `<${tag}>${inside}</${nameOf(tag)}>`
}

function nameOf(tag: string): string {
  const end = tag.indexOf(' ')
  return end < 0 ? tag : tag.slice(0, end)
}

const special: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;', '\n': '&#10;', '\t': '&#9;', '"': '&quot;' }

function escapeText(value: unknown): string {
  return String(value ?? '')
    .replace(/[&<>\r]/g, (character) => special[character] as string)
    .replace(/[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
}

// What a reader would make spaces of is written as references.
function escapeAttribute(value: unknown): string {
  return escapeText(value).replace(/["\n\t]/g, (character) => special[character] as string)
}

// ISO/IEC 9075-14 (SQL/XML): _xHHHH_ for each half of a character that cannot stand there, and for a _ that would read so.
const notInName = new RegExp(`^[^${nameStart}]|[^${nameStart}${nameRest}]|_(?=x)`, 'gu')

function encodeName(name: string): string {
  const encode = (half: string): string => `_x${half.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`
  return name === '' ? '_x_' : name.replace(notInName, (character) => character.split('').map(encode).join(''))
}

function decodeName(name: string): string {
  if (!name.includes('_x')) return name
  return name.replace(/_x([0-9A-Fa-f]{4})?_/g, (_, code: string | undefined) => (code ? String.fromCharCode(Number.parseInt(code, 16)) : ''))
}
