import { newPool } from '../../internal/postgres/pool'
import { newSharedClient } from '../../internal/postgres/shared-client'
import { connectionSettings, newDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { onServer } from '../harness/server'

test('a connection that broke is not lent to whoever comes next, though others still use it', async () => {
  const { url, close } = await newDatabase({ empty: true })
  const options = { program: 'shared', connectionsMax: 2, pipeline: true }
  const pool = newPool(connectionSettings(url), silentLog(), options)
  const shared = newSharedClient(pool)
  let leave = () => {}
  const left = new Promise<void>((resolve) => (leave = resolve))
  const staying = shared.use(() => left)
  const broken = shared.use(async (client) => {
    await onServer(url, `select pg_terminate_backend(${client.pid}, 5000)`)
    return client.query({ text: 'select 1', values: [] })
  })
  await expect(broken).rejects.toMatchObject({ code: 'database.unavailable' })
  const next = shared.use((client) => client.query({ text: 'select 1 as one', values: [] }))
  await expect(next).resolves.toMatchObject({ rows: [{ one: 1 }] })
  leave()
  await staying
  await pool.close()
  await close()
})
