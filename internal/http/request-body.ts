import { isUtf8 } from 'node:buffer'
import express, { type RequestHandler } from 'express'
import { Fault } from '../fault/fault'
import { newBusy, type AwaitBody } from './admission'
import { exchangeOf, type Border } from './border'
import { generalFaults } from './general-fault'
import { malformedUrl } from './request-input'
import { toFault } from './problem'
import type { Route } from './route'

const jsonType = /^application\/(?:[\w.+-]+\+)?json\s*(?:;\s*charset=("?)utf-8\1\s*)?$/i

/** Reads the JSON body of a request, or throws request.unsupported_media_type. */
export function newBodyReader(bodyBytesMax: number): RequestHandler {
  const readJson = express.json({
    strict: false,
    inflate: false,
    limit: bodyBytesMax,
    type: () => true,
    verify: (_req, _res, bytes) => assertText(bytes),
  })
  return (req, res, next) => {
    exchangeOf(req, res)
    const type = req.headers['content-type']
    if (type !== 'application/json' && !jsonType.test(type ?? '')) throw unsupportedType(type)
    readJson(req, res, next)
  }
}

/** The same for a route whose body may be left out. */
export function newOptionalBodyReader(bodyBytesMax: number): RequestHandler {
  const readBody = newBodyReader(bodyBytesMax)
  return (req, res, next) => {
    const { 'content-length': length = '0', 'transfer-encoding': encoding } = req.headers
    if (length !== '0' || encoding !== undefined) return readBody(req, res, next)
    exchangeOf(req, res)
    req.body = {}
    next()
  }
}

export interface ReaderContext {
  bodyBytesMax: number
  awaitBody?: AwaitBody | undefined
  border: Pick<Border, 'refuse'>
}

/** The step that reads the body of a route, in a place of its own while it is on its way. */
export function newReaderOf(context: ReaderContext): (route: Route) => RequestHandler {
  const { awaitBody } = context
  const readUsual = newBodyReader(context.bodyBytesMax)
  const plainReaderOf = ({ bodyBytesMax, isBodyOptional }: Route): RequestHandler => {
    if (isBodyOptional) return newOptionalBodyReader(bodyBytesMax ?? context.bodyBytesMax)
    return bodyBytesMax === undefined ? readUsual : newBodyReader(bodyBytesMax)
  }
  if (!awaitBody) return plainReaderOf
  return (route) => newAwaitingReader(plainReaderOf(route), route, { ...context, awaitBody })
}

function newAwaitingReader(
  read: RequestHandler,
  route: Route,
  { bodyBytesMax: usualMax, awaitBody, border }: ReaderContext & { awaitBody: AwaitBody },
): RequestHandler {
  const bodyBytesMax = route.bodyBytesMax ?? usualMax
  return (req, res, next) => {
    // What is still on its way has to be dropped, and that goes with the connection only.
    const giveWay = () => border.refuse(req, res, newTooSlow(), { Connection: 'close' })
    const arrive = awaitBody(req, { bodyBytesMax, giveWay })
    return read(req, res, (error) => {
      const arrival = arrive()
      if (arrival === 'gone') return
      if (error === undefined && arrival === 'busy') return next(newBusy())
      next(error)
    })
  }
}

function newTooSlow(): Fault {
  return new Fault(generalFaults.tooSlow, {
    detail:
      'More bodies were awaited than there is room for, and this one had been awaited the longest. ' +
      'Nothing was done; send it again, as fast as you can.',
  })
}

/** Throws request.invalid_json when no body came at all: the reader then leaves it undefined. */
export function assertBody(body: unknown): void {
  if (body === undefined) throw invalidJson('The body is empty.')
}

function assertText(bytes: Buffer): void {
  if (bytes.length === 0) throw invalidJson('The body is empty.')
  if (!isUtf8(bytes)) throw invalidJson('The body is not valid UTF-8.')
}

function unsupportedType(type: string | undefined): Fault {
  return new Fault(generalFaults.unsupportedMediaType, {
    detail: `Send the body as application/json in UTF-8; the Content-Type is ${type ? 'another' : 'missing'}.`,
  })
}

function invalidJson(detail: string): Fault {
  return new Fault(generalFaults.invalidJson, { detail })
}

/** What Express, its router and its body reader throw, as Faults; all else is a defect. */
export function toTransportFault(error: unknown): Fault {
  if (!(error instanceof Error) || error instanceof Fault) return toFault(error)
  const { type, limit, status } = error as { type?: string; limit?: number; status?: number }
  if (type === 'entity.parse.failed') return invalidJson(wordSyntaxError(error.message))
  if (type === 'entity.too.large') {
    return new Fault(generalFaults.tooLarge, {
      detail: `The body is larger than the ${limit} bytes that are taken.`,
    })
  }
  if (type === 'encoding.unsupported') {
    return new Fault(generalFaults.unsupportedMediaType, {
      detail: 'Send the body without a Content-Encoding.',
    })
  }
  if (status !== 400) return toFault(error)
  if (error instanceof URIError) return malformedUrl('path')
  return new Fault(generalFaults.malformed, {
    detail: 'The request broke off before its end.',
    cause: error,
  })
}

/** The parser's message may repeat the input; only the place is kept, where it names one. */
function wordSyntaxError(message: string): string {
  if (message.startsWith('Unexpected end')) return 'The body is not valid JSON: it ends too early.'
  const position = /at position (\d+)/.exec(message)?.[1]
  if (position === undefined) return 'The body is not valid JSON.'
  return `The body is not valid JSON: something is wrong at character ${Number(position) + 1}.`
}
