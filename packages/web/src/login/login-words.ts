import type { LoginProgress } from "stringphone/session/login"

const steps: Readonly<Record<LoginProgress, string>> = {
  asking: "Asking the home …",
  computing:
    "Computing with the password. It takes a second or two, so that guessing takes long; the page stands still …",
  finishing: "Finishing …",
}

export function progressText(progress: LoginProgress | null): string {
  return progress ? steps[progress] : ""
}
