import request from 'supertest'
import { newThingApp } from './fixture'

const { app } = newThingApp()

test('/openapi.json is the reference without the pages themselves', async () => {
  const answer = await request(app).get('/openapi.json')
  expect(answer.headers['content-type']).toBe('application/json')
  expect(Object.keys(answer.body.paths)).toEqual(['/things/{id}'])
})

test.each(['/docs', '/docs/', '/docs/problems', '/docs?from=mail'])(
  '%s is a page that takes nothing from elsewhere',
  async (path) => {
    const answer = await request(app).get(path)
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    const policy = answer.headers['content-security-policy']
    expect(policy).toMatch(/^default-src 'none'; script-src 'self';/)
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/)
    expect(answer.text).not.toMatch(/(src|href|url)="(https?:)?\/\//)
    expect(answer.text).toContain('<title>Things &amp; more')
  },
)

test('/docs loads a script that the process serves itself', async () => {
  const page = await request(app).get('/docs')
  const [, path] = /<script src="([^"]+)">/.exec(page.text) ?? []
  const answer = await request(app).get(path!)
  expect(answer.headers['content-type']).toBe('text/javascript; charset=utf-8')
  expect(answer.headers['cache-control']).toBe('public, max-age=3600')
  expect(answer.text).toContain('Redoc')
})

test('/docs/problems has an anchor for the code that a problem’s type points at', async () => {
  const refused = await request(app).get('/nothing')
  const [path, code] = refused.body.type.split('#')
  const answer = await request(app).get(path)
  expect(answer.text).toContain(`<tr id="${code}">`)
  expect(answer.text).toContain('<tr id="thing.not_found">')
  expect(answer.text).toContain('No such thing')
})
