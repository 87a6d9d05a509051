import { CameraLost, openCamera } from "./camera.ts"
import { openCodeReader } from "./code-reader.ts"

/** Often enough for a hand that holds still, and the page stays quick between. */
const pauseMs = 100

/**
 * Shows the camera's picture in `video` until it has a QR code in it. Whatever happens, the camera
 * is off afterwards; when `signal` aborts, at once.
 */
export async function scanCode(video: HTMLVideoElement, signal: AbortSignal): Promise<string> {
  // First: nobody is asked for a camera that nothing would look through.
  const read = await openCodeReader()
  signal.throwIfAborted()
  const stream = await openCamera()
  const close = (): void => {
    for (const track of stream.getTracks()) track.stop()
    // Another scan may have begun since.
    if (video.srcObject === stream) video.srcObject = null
  }
  signal.addEventListener("abort", close)
  try {
    // It may have been aborted while the browser was asking.
    signal.throwIfAborted()
    video.srcObject = stream
    await video.play()
    for (;;) {
      const code = await read(video)
      signal.throwIfAborted()
      if (code !== null) return code
      if (!stream.active) throw new CameraLost()
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  } finally {
    signal.removeEventListener("abort", close)
    close()
  }
}
