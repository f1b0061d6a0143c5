import { z } from 'zod'
import { periodInput, refusesReversedPeriod } from '../../../internal/wire/instant'

/** GET /accounts/:id/statement */
export const statementQuery = z.strictObject(periodInput).superRefine(refusesReversedPeriod)
