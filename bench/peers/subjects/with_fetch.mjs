// Lists the connections with Node's own fetch.

// The pair that `host-test simulate` accepts. It is invented and opens nothing.
const PAIR = 'simulated-key:simulated-secret-that-opens-nothing'
const headers = { authorization: `Basic ${Buffer.from(PAIR).toString('base64')}` }

async function get(url) {
  const response = await fetch(url, { headers })
  if (!response.ok) throw new Error(`${response.status} for ${url.pathname}`)
  return (await response.json()).data
}

async function listConnections(root) {
  const url = new URL('/v1/connections?limit=1000', root)
  for (let items = 0; ; ) {
    const data = await get(url)
    items += data.items.length
    if (!data.next_cursor) return items
    url.searchParams.set('cursor', data.next_cursor)
  }
}

const [mode, root] = process.argv.slice(2)
if (mode === 'list') {
  const begun = performance.now()
  const items = await listConnections(root)
  console.log(JSON.stringify({ items, seconds: (performance.now() - begun) / 1000 }))
} else if (mode === 'info') {
  console.log((await get(new URL('/v1/account/info', root))).account_name)
} else {
  console.error('usage: with_fetch.mjs list|info URL')
  process.exit(1)
}
