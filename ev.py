import asyncio,nats
async def m():
    nc=await nats.connect('nats://127.0.0.1:24222')
    async def cb(x): print(x.subject,x.data,flush=True)
    await nc.subscribe('source.>',cb=cb)
    await asyncio.sleep(900)
asyncio.run(m())
