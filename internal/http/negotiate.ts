import { Fault } from '../fault/fault'
import { generalFaults } from './general-fault'
import { mediaTypesOf, type Route } from './route'

interface Range {
  type: string
  subtype: string
  /** 0 to 1; 0 is "not this one". */
  quality: number
}

/**
 * For a route that answers in several media types: the one that suits an Accept header best, by its
 * weights and then in the route's own order (RFC 9110, 12.5.1). Throws request.not_acceptable.
 * Undefined for all other routes, which answer as they do whatever is accepted.
 */
export function newNegotiator(route: Route): ((accept: string | undefined) => string) | undefined {
  const offered = mediaTypesOf(route)
  const [preferred] = offered
  if (preferred === undefined || offered.length === 1) return undefined
  return (accept) => {
    if (accept === undefined || accept.trim() === '') return preferred
    const ranges = accept.split(',').flatMap(readRange)
    const weighed = offered.map((type) => ({ type, quality: qualityOf(type, ranges) }))
    const best = weighed.reduce((a, b) => (b.quality > a.quality ? b : a))
    if (best.quality > 0) return best.type
    throw new Fault(generalFaults.notAcceptable, {
      detail: `This comes as ${offered.join(' or ')}.`,
    })
  }
}

const token = "[!#$%&'*+.^_`|~0-9a-z-]+"
const rangeForm = new RegExp(`^(${token})/(${token})$`)
const weightForm = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/

/** None for what is not well formed, and for a parameter that no answer of ours has. */
function readRange(text: string): Range[] {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const [, type, subtype] = rangeForm.exec(name) ?? []
  if (!type || !subtype || (type === '*' && subtype !== '*')) return []
  const weightAt = parameters.findIndex((parameter) => parameter.startsWith('q='))
  const own = weightAt < 0 ? parameters : parameters.slice(0, weightAt)
  if (!own.every((parameter) => /^charset="?utf-8"?$/.test(parameter))) return []
  const weight = weightForm.exec(weightAt < 0 ? 'q=1' : parameters[weightAt]!)?.[1]
  return weight === undefined ? [] : [{ type, subtype, quality: Number(weight) }]
}

/** What the most specific of the ranges says. */
function qualityOf(mediaType: string, ranges: readonly Range[]): number {
  const [type, subtype] = mediaType.split('/')
  const exact = ranges.find((range) => range.type === type && range.subtype === subtype)
  const ofType = ranges.find((range) => range.type === type && range.subtype === '*')
  const any = ranges.find((range) => range.type === '*')
  return (exact ?? ofType ?? any)?.quality ?? 0
}
