import type { Command } from "commander"
import type { Context } from "../context.js"
import { type Check, examine } from "../doctor/examine.js"
import { examples, run } from "./shape.js"

export function addTopicDoctorCommand(topic: Command): void {
  const doctor = topic
    .command("doctor <name>")
    .description("check everything that a topic needs, and say what to do; 1 when something fails")
    .action(run((context, name: string) => checkTopic(context, name)))
  examples(doctor, ["topic doctor kitchen", "topic doctor kitchen --json"])
}

async function checkTopic(context: Context, name: string): Promise<void> {
  const checks: Check[] = []
  await examine(context, name, (check) => {
    checks.push(check)
    if (!context.json) context.print(checkText(context, check), null)
  })
  const isOk = checks.every(({ ok }) => ok !== false)
  if (!isOk) process.exitCode = 1
  if (context.json) context.print("", { topic: name, ok: isOk, checks })
  else {
    const { bad, good } = context.paint
    context.print(isOk ? good("Nothing is wrong.") : bad("Something is wrong; see ✘."), null)
  }
}

function checkText({ paint }: Context, { advice, ok, text }: Check): string {
  const mark = ok === null ? paint.dim("–") : ok ? paint.good("✔") : paint.bad("✘")
  return `${mark} ${text}${advice ? `\n    → ${advice}` : ""}`
}
