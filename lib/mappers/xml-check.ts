// XML check: whether a text is a well-formed document (XML 1.0, fifth edition) within limits and without a document type.
// The parser behind it makes sense of nearly anything, so it is shown only what has passed here, in its plainest spelling.

/** What {@link checkXml} needs to know. */
export interface XmlCheck {
  /** The deepest nesting of elements. */
  depth: number
  /** The charset the text was decoded from, where the client named it: then it has the last word (RFC 7303 section 3.2). */
  charset: string | undefined
}

const mostAttributes = 100

const space = '[ \\t\\r\\n]'
/** The characters a name may start with, without the colon, as the inside of a class of a regular expression. */
export const nameStart =
  'A-Z_a-z\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}'
/** Those it may go on with beside them. */
export const nameRest = '\\-.0-9\\u00B7\\u0300-\\u036F\\u203F\\u2040'
const name = `[:${nameStart}][:${nameStart}${nameRest}]*`
const quoted = (inside: string): string => `(?:"${inside}"|'${inside}')`

const declaration = new RegExp(
  `<\\?xml${space}+version${space}*=${space}*${quoted('1\\.[0-9]+')}` +
    `(?:${space}+encoding${space}*=${space}*${quoted('([A-Za-z][\\w.-]*)')})?` +
    `(?:${space}+standalone${space}*=${space}*${quoted('(?:yes|no)')})?${space}*\\?>`,
  'y',
)
const instruction = new RegExp(`<\\?(${name})(?=${space}|\\?>)`, 'uy')
const openTag = new RegExp(`<(${name})`, 'uy')
const attribute = new RegExp(`${space}+(${name})${space}*=${space}*("[^<"]*"|'[^<']*')`, 'uy')
const tagEnd = new RegExp(`${space}*(/?)>`, 'y')
const closeTag = new RegExp(`</(${name})${space}*>`, 'uy')
const characters = /[^<]+/y
const blank = /^[ \t\r\n]*$/
const badReference = /&(?!(?:lt|gt|amp|quot|apos|#[0-9]+|#x[0-9A-Fa-f]+);)/
const characterReference = /&#(x?)([0-9A-Fa-f]+);/g
const illegal = /[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u

/**
 * Checks a document, and gives it back without declaration, comments and processing instructions.
 * @throws SyntaxError with the line and what is wrong there
 */
export function checkXml(text: string, { depth, charset }: XmlCheck): string {
  const kept: string[] = []
  const open: string[] = []
  let hasRoot = false
  let keptTo = 0
  let at = 0

  const fail = (what: string): never => {
    throw new SyntaxError(`The XML is not well formed in line ${text.slice(0, at).split('\n').length}: ${what}.`)
  }
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match) at = pattern.lastIndex
    return match ?? undefined
  }
  const endOf = (mark: string, from: number): number => {
    const end = text.indexOf(mark, from)
    return end < 0 ? fail(`there is no ${mark}`) : end + mark.length
  }
  const drop = (end: number): void => {
    kept.push(text.slice(keptTo, at))
    keptTo = at = end
  }
  const checkReferences = (piece: string): void => {
    if (!piece.includes('&')) return
    if (badReference.test(piece)) fail('an & starts no reference that is known')
    for (const [reference, hex, digits] of piece.matchAll(characterReference)) {
      const code = Number.parseInt(digits as string, hex ? 16 : 10)
      if (code > 0x10ffff || illegal.test(String.fromCodePoint(code))) fail(`${reference.slice(0, 20)} is no character`)
    }
  }
  const element = (): void => {
    if (hasRoot && open.length === 0) fail('there is a second root element')
    const tag = take(openTag)?.[1] ?? fail('a < starts no tag')
    const names = new Set<string>()
    for (let next = take(attribute); next; next = take(attribute)) {
      const [, name, value] = next as unknown as [string, string, string]
      if (names.has(name)) fail(`the attribute ${name} is there twice`)
      if (names.add(name).size > mostAttributes) fail(`an element has more than ${mostAttributes} attributes`)
      checkReferences(value)
    }
    const end = take(tagEnd) ?? fail(`the tag ${tag} does not end`)
    hasRoot = true
    if (end[1]) return
    open.push(tag)
    if (open.length > depth) fail(`the elements are nested more than ${depth} levels deep`)
  }

  const [, double, single] = text.startsWith('<?xml') ? (take(declaration) ?? []) : []
  const encoding = double ?? single ?? 'utf-8'
  keptTo = at
  // Without a charset in the Content-Type the text was read as UTF-8. What is in ASCII alone is the same in other encodings.
  if (charset === undefined && encoding.toLowerCase() !== 'utf-8' && /[^\0-\x7f]/.test(text)) fail(`it was read as UTF-8, but calls itself ${encoding}`)

  while (at < text.length) {
    if (text.startsWith('<!--', at)) {
      const end = endOf('--', at + 4)
      if (text[end] !== '>') fail('a comment holds --')
      drop(end + 1)
    } else if (text.startsWith('<![CDATA[', at) && open.length > 0) {
      at = endOf(']]>', at + 9)
    } else if (text.startsWith('<?', at)) {
      const from = at
      const [, target = fail('an instruction has no name')] = take(instruction) ?? []
      if (target.toLowerCase() === 'xml') fail('the XML declaration is not at the start, or not as it should be')
      const end = endOf('?>', at)
      at = from
      drop(end)
    } else if (text.startsWith('<!', at)) {
      fail('a document type or another declaration is not taken')
    } else if (text.startsWith('</', at)) {
      const [, tag] = take(closeTag) ?? fail('an end tag does not end')
      if (open.pop() !== tag) fail(`the end tag ${tag} has no start`)
    } else if (text[at] === '<') {
      element()
    } else {
      const [piece = ''] = take(characters) ?? []
      if (open.length === 0 && !blank.test(piece)) fail('there is text outside the root element')
      if (piece.includes(']]>')) fail('there is ]]> in the text')
      checkReferences(piece)
    }
  }
  if (open.length > 0) fail(`the element ${open.at(-1)} does not end`)
  if (!hasRoot) fail('there is no root element')
  if (illegal.test(text)) fail('there is a character that XML does not have')
  kept.push(text.slice(keptTo))
  return kept.join('')
}
