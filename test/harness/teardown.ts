/** After all tests of the project "postgres", failed ones too. */
export default async function teardown(): Promise<void> {
  await globalThis.closeTestServer?.()
}
