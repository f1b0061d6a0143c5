import type { Finding } from './finding'
import {
  digestSeal,
  encoding,
  idAt,
  idBytes,
  noLink,
  shortDigestBytes,
  type Link,
  type Position,
  type RowDigests,
  type Seal,
} from './seal'

/** The seal before, and every digest that the next one may rightly go on from. */
export interface Chain {
  link: Link
  /** Undefined behind a seal that is missing: nobody knows what its digest was. */
  digests: Buffer[] | undefined
}

export function newChain(link: Link = noLink): Chain {
  return { link, digests: [link.digest] }
}

/** Looks at a seal alone: is it the next one, and does its digest follow from what stands in it? */
export function checkLink(
  { link, digests }: Chain,
  seal: Seal,
): { chain: Chain; findings: Finding[] } {
  const missing = seal.no - link.no - 1n
  if (missing > 0n)
    return { chain: nextChain(seal, undefined), findings: [gone(link.no + 1n, seal.no - 1n)] }
  const findings: Finding[] = []
  if (seal.encoding !== encoding) {
    findings.push(
      changed(seal.no, `is in encoding ${seal.encoding}, which this version cannot check`),
    )
  }
  if (!isSame(seal.from, link.to)) {
    findings.push(changed(seal.no, `does not begin where seal ${link.no} ends`))
  }
  const wanted = digests?.map((before) => digestSeal(before, seal))
  if (wanted && !wanted.some((digest) => digest.equals(seal.digest))) {
    findings.push(
      changed(seal.no, 'has a digest that does not follow from its content and the seal before'),
    )
  }
  return { chain: nextChain(seal, wanted), findings }
}

/** Whichever was changed, the content or the digest: the next seal follows from what was there before. */
function nextChain({ no, digest, to }: Seal, wanted: Buffer[] = []): Chain {
  return { link: { no, digest, to }, digests: [digest, ...wanted] }
}

export function gone(first: bigint, last: bigint): Finding {
  const which = first === last ? `seal ${first} is` : `seals ${first} to ${last} are`
  return { code: 'seal.missing', sealNo: first, detail: `${which} missing` }
}

function changed(no: bigint, what: string): Finding {
  return { code: 'seal.changed', sealNo: no, detail: `seal ${no} ${what}` }
}

function isSame(a: Position, b: Position): boolean {
  return a.xactNo === b.xactNo && a.id === b.id
}

/** Compares a seal with the rows that are in its range now, and names those that differ. */
export function checkRows(seal: Seal, found: RowDigests): Finding[] {
  const areRight = seal.rowsDigest.equals(found.rowsDigest)
  const sameIds = seal.ids.equals(found.ids)
  if (areRight && sameIds && seal.digests.equals(found.digests)) return []
  const differences = [...compare(seal, found)]
  if (areRight) return differences.map(({ id }) => tampered(seal.no, id))
  if (differences.length > 0) return differences.map(({ id, code }) => wrongRow(seal.no, id, code))
  return [changed(seal.no, 'has a digest of its rows that they do not have')]
}

/** The rows are as they were when they were sealed, by all of their bytes: it is the seal that was changed. */
function tampered(no: bigint, id: string): Finding {
  return {
    ...changed(no, `no longer says of transaction ${id} what it said: the row is as it was`),
    transactionId: id,
  }
}

type RowCode = 'transaction.changed' | 'transaction.deleted' | 'transaction.inserted'

const rowDetails: Record<RowCode, string> = {
  'transaction.changed': 'was changed after it was sealed',
  'transaction.deleted': 'is gone',
  'transaction.inserted': 'came into the range after it was sealed',
}

function wrongRow(no: bigint, id: string, code: RowCode): Finding {
  const detail = `seal ${no}: transaction ${id} ${rowDetails[code]}`
  return { code, sealNo: no, transactionId: id, detail }
}

function* compare(seal: RowDigests, found: RowDigests): Generator<{ id: string; code: RowCode }> {
  const sealed = new Map(rowsOf(seal))
  for (const [id, digest] of rowsOf(found)) {
    const before = sealed.get(id)
    if (before === undefined) yield { id, code: 'transaction.inserted' }
    else if (before !== digest) yield { id, code: 'transaction.changed' }
    sealed.delete(id)
  }
  for (const id of sealed.keys()) yield { id, code: 'transaction.deleted' }
}

function* rowsOf({ ids, digests }: RowDigests): Generator<[id: string, digest: string]> {
  for (let i = 0; i < ids.length / idBytes; i++) {
    const at = i * shortDigestBytes
    yield [idAt(ids, i), digests.toString('hex', at, at + shortDigestBytes)]
  }
}
