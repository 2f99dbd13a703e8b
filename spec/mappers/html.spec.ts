import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { json, notFound, resource } from '../../lib/index.js'
import { html } from '../../lib/mappers/html.js'
import { mapperContract } from '../contracts/mapper.js'
import { serve } from '../support/serve.js'

mapperContract('html', html)

async function page(data: unknown): Promise<{ text: string; headers: Headers }> {
  const served = await serve(resource('contacts', { mappers: [json, html], get: () => data }))
  const answer = await served.get('/contacts', { Accept: 'text/html' })
  expect(answer.status).toBe(200)
  return { text: await answer.text(), headers: answer.headers }
}

describe('a page', () => {
  it('has a title, a language and a charset', async () => {
    const { text, headers } = await page({})
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(text).toContain('<title>contacts</title>')
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
  })

  it('shows a list of objects as a table', async () => {
    const { text } = await page([
      { id: 1, name: 'Ann' },
      { id: 2, note: true },
    ])
    expect(text).toContain('<th scope="col">id</th><th scope="col">name</th><th scope="col">note</th>')
    expect(text).toContain('<tr><td>1</td><td>Ann</td><td></td></tr>\n<tr><td>2</td><td></td><td>true</td></tr>')
  })

  it('shows an object as a list of its members, and what is nested in it', async () => {
    const { text } = await page({ name: 'Ann', tags: ['a', 'b'], place: { city: 'Oulu' }, note: null })
    expect(text).toContain('<dt>name</dt><dd>Ann</dd>')
    expect(text).toContain('<dt>tags</dt><dd><ul>\n<li>a</li>\n<li>b</li>\n</ul></dd>')
    expect(text).toContain('<dt>place</dt><dd><dl>\n<dt>city</dt><dd>Oulu</dd>\n</dl></dd>')
    expect(text).toContain('<dt>note</dt><dd></dd>')
  })

  it('has no markup but its own, whatever the data hold', async () => {
    const evil = '<script>alert(1)</script>"\'><img src=x onerror=alert(1)>&amp;'
    const { text } = await page([{ [evil]: evil, list: [evil], object: { [evil]: evil } }])
    expect(text).not.toMatch(/<script|<img/)
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x onerror=alert(1)&gt;&amp;amp;')
  })

  it('links to the pages before and after, and to nothing else', async () => {
    const { text } = await page({ objects: [{ url: 'https://example.org/' }], meta: { next: '/contacts?offset=10&limit=5', previous: '/contacts' } })
    expect(text.match(/<a [^>]*>/g)).toEqual(['<a rel="prev" href="/contacts">', '<a rel="next" href="/contacts?offset=10&amp;limit=5">'])
  })

  it.each(['https://example.org/', '//example.org/', '/\\example.org', 'javascript:alert(1)', 7])('does not link to %j', async (next) => {
    expect((await page({ objects: [], meta: { next } })).text).not.toContain('<a ')
  })

  it('lets the browser run nothing, load nothing, send nothing, and guess nothing', async () => {
    const { text, headers } = await page({})
    const [, style = ''] = /<style>(.*)<\/style>/s.exec(text) ?? []
    const hash = createHash('sha256').update(style).digest('base64')
    expect(headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    )
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('of rows that are streamed has the same policy', async () => {
    async function* rows() {
      yield { id: 1 }
    }
    const { text, headers } = await page(rows())
    expect(text).toContain('<td>1</td>')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  it('tells a problem to a browser, with the same policy', async () => {
    const served = await serve(
      resource('contacts', {
        mappers: [json, html],
        get: () => {
          throw notFound('No contact is called <b>.')
        },
      }),
    )
    const answer = await served.get('/contacts', { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' })
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    const text = await answer.text()
    expect(text).toContain('<title>404 Not Found</title>')
    expect(text).toContain('No contact is called &lt;b&gt;.')
  })
})
