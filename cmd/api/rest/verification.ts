import { operators } from '../../../internal/auth/principal'
import { databaseUnavailable } from '../../../internal/fault/fault'
import { route, type Route } from '../../../internal/http/route'
import type { VerificationApp } from '../../../pkg/seal/app/verification'
import { toVerificationDto, verificationDto } from '../../../pkg/seal/dto/verification'
import { verificationFaults } from '../../../pkg/seal/verification'

export function verificationRoutes({ verification }: { verification: VerificationApp }): Route[] {
  return [
    route({
      method: 'get',
      path: '/ledger/verification',
      tag: 'Ledger',
      summary: 'Are the books right?',
      roles: operators,
      description:
        'What the verification in the background last found, and how far it has come. To recheck ' +
        'everything from the first transaction on there is tillbook-verify.',
      answers: { 200: { description: 'The last check.', schema: verificationDto } },
      faults: [verificationFaults.notRunning, databaseUnavailable],
      async handle() {
        return { status: 200, body: toVerificationDto(await verification.get()) }
      },
    }),
  ]
}
