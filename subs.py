import asyncio,nats,sys,json
from nats.js.api import *
async def main():
    nc=await nats.connect("nats://127.0.0.1:24222"); js=nc.jetstream()
    for s in ["SOURCE_JOBS","SOURCE_DEAD","KV_source-tenants","KV_source-quotas"]:
        i=await js.stream_info(s); print(s,i.state.messages,i.config.subjects)
        if len(sys.argv)>1:
            for q in range(i.state.first_seq,i.state.last_seq+1):
                try:
                    m=await js.get_msg(s,q); print("  ",q,m.subject,m.headers,(m.data or b"")[:700])
                except Exception as e: pass
asyncio.run(main())
