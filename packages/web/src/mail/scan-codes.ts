import { CameraLost, openCamera } from "../lib/camera.ts"
import { openCodeReader } from "../lib/code-reader.ts"

const pauseMs = 60

/** Shows the camera's picture in `video` and tells each QR code once, until `signal` aborts. */
export async function scanCodes(
  video: HTMLVideoElement,
  signal: AbortSignal,
  onCode: (code: string) => void,
): Promise<void> {
  const read = await openCodeReader()
  signal.throwIfAborted()
  const stream = await openCamera()
  const seen = new Set<string>()
  try {
    signal.throwIfAborted()
    video.srcObject = stream
    await video.play()
    while (!signal.aborted) {
      const code = await read(video)
      if (code !== null && !seen.has(code)) {
        seen.add(code)
        onCode(code)
      }
      if (!stream.active) throw new CameraLost()
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  } finally {
    for (const track of stream.getTracks()) track.stop()
    if (video.srcObject === stream) video.srcObject = null
  }
}
