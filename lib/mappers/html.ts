// HTML, write only: a plain page to look at data with a browser. Whatever the data hold, the page runs no script and loads nothing.
import { hash } from 'node:crypto'
import type { FormatContext, Mapper } from '../mapper.js'

const style =
  'body{font:1em/1.5 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em}table{border-collapse:collapse}' +
  'th,td{border:1px solid #8888;padding:.25em .5em;text-align:left;vertical-align:top}dt{font-weight:bold}dd{margin:0 0 .5em 1.5em}:root{color-scheme:light dark}'

/**
 * Data as pages: a list of objects is a table, an object a list of its members, a problem a page of its own. It answers browsers, so it is not among
 * the mappers of a resource that names none.
 *
 * @example mappers: [json, html]
 */
export const html: Mapper = {
  name: 'html',
  types: ['text/html'],
  problemType: 'text/html',
  headers: {
    'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'X-Content-Type-Options': 'nosniff',
  },
  format: formatPage,
}

function formatPage(content: unknown, { name, problem }: FormatContext): string {
  const title = (problem && isObject(content) && [content.status, content.title].join(' ')) || name || 'Answer'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeText(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeText(title)}</h1>
${formatValue(content)}
${formatPaging(content)}</body>
</html>
`
}

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return value.length > 0 && value.every(isObject) ? formatTable(value) : formatList(value)
  if (isObject(value)) return formatMembers(value)
  return escapeText(String(value ?? ''))
}

function formatTable(rows: readonly Members[]): string {
  const columns = [...new Set(rows.flatMap(Object.keys))]
  const head = columns.map((column) => `<th scope="col">${escapeText(column)}</th>`).join('')
  const line = (row: Members): string => columns.map((column) => `<td>${Object.hasOwn(row, column) ? formatValue(row[column]) : ''}</td>`).join('')
  return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${rows.map((row) => `<tr>${line(row)}</tr>\n`).join('')}</tbody>\n</table>`
}

function formatList(items: readonly unknown[]): string {
  return `<ul>\n${items.map((item) => `<li>${formatValue(item)}</li>\n`).join('')}</ul>`
}

function formatMembers(members: Members): string {
  return `<dl>\n${Object.entries(members)
    .map(([name, value]) => `<dt>${escapeText(name)}</dt><dd>${formatValue(value)}</dd>\n`)
    .join('')}</dl>`
}

// The only links: to pages of this very list. One that starts with two slashes leads to another host.
function formatPaging(content: unknown): string {
  const meta = isObject(content) && isObject(content.meta) ? content.meta : {}
  const links = (['previous', 'next'] as const).flatMap((rel) => {
    const url = meta[rel]
    return typeof url === 'string' && /^\/(?![/\\])/.test(url) ? [`<a rel="${relations[rel]}" href="${escapeText(url)}">${rel}</a>`] : []
  })
  return links.length > 0 ? `<nav>${links.join(' ')}</nav>\n` : ''
}

const relations = { previous: 'prev', next: 'next' }

type Members = Record<string, unknown>

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => entities[letter] as string)
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
