import { nanoDecoder } from "/work/main/workers/reference/nano.ts";
import { accuracy } from "/work/main/workers/decoding/accuracy.ts";
const d = nanoDecoder();
const c = (mode: any, difficulty: number, thought: any = "hidden", noise = 0, thoughts: any = null) => ({mode, difficulty, thought, noise, thoughts});
let t = performance.now(); 
for (let i=0;i<5;i++){ await d.rewind(0); await d.forward(Array.from({length:60},(_,i)=>i)); }
console.log("tok/s", 300/((performance.now()-t)/1000));
const s = new AbortController().signal;
async function go(task: string, n: number, cells: any[], shots=0, variant: string|null=null){ const t=performance.now(); const r = await accuracy(d,{task,variant,shots,cells,problems:n,seed:1},()=>{},s); r.forEach((x,i)=>console.log(task,variant??"",cells[i].mode,cells[i].difficulty,cells[i].thought,cells[i].noise,cells[i].thoughts,x.correct/x.answered)); console.log(((performance.now()-t)/1000).toFixed(1)+" s");}
await go("pointer-chase",100,[c("direct",1),c("direct",2),c("direct",4),c("icl",1),c("icl",2),c("icl",4),c("cot",4),c("cot",6),c("latent",4),c("latent",6),...["none","pause","random","swapped","argmax"].map(x=>c("latent",4,x)),c("latent",4,"noise",.5)],4);
await go("reachability",100,[c("direct",1),c("direct",3),c("icl",1),c("icl",2),c("icl",3),c("cot",3),c("latent",3),c("latent",4),...["none","pause","random","swapped","argmax"].map(x=>c("latent",3,x)),c("latent",3,"noise",.5)],4);
await go("rules",200,[c("direct",6),c("icl",0),c("icl",6),c("icl",11),c("cot",6),c("latent",6),c("latent",6,"hidden",0,0),c("latent",6,"hidden",0,3)]);
await go("rules",200,[c("icl",6),c("cot",6)],0,"partly-redrawn");
await go("rules",200,[c("icl",6),c("cot",6)],0,"fresh-rule");
