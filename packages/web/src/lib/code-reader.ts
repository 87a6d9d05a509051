/** Finds a QR code in the picture that a video shows now; `null`: there is none. */
export type CodeReader = (video: HTMLVideoElement) => Promise<string | null>

/** As much of https://wicg.github.io/shape-detection-api as is used here. */
interface Detector {
  detect(video: HTMLVideoElement): Promise<readonly { readonly rawValue: string }[]>
}

interface DetectorClass {
  new (options: { formats: "qr_code"[] }): Detector
  getSupportedFormats(): Promise<readonly string[]>
}

/** The browser's own reader, or the library's, which is loaded only where it is needed. */
export async function openCodeReader(): Promise<CodeReader> {
  const own = await ownDetector()
  if (!own) return readerOf(await libraryDetector())
  let read = readerOf(own)
  return async (video) => {
    try {
      return await read(video)
    } catch {
      // Some browsers have the class, and notice only now that their system reads no codes.
      read = readerOf(await libraryDetector())
      return await read(video)
    }
  }
}

function readerOf(detector: Detector): CodeReader {
  return async (video) => {
    // Until then there is no picture, and detectors throw.
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null
    const found = await detector.detect(video)
    return found[0]?.rawValue ?? null
  }
}

async function ownDetector(): Promise<Detector | null> {
  const { BarcodeDetector } = globalThis as { BarcodeDetector?: DetectorClass }
  if (!BarcodeDetector) return null
  try {
    const formats = await BarcodeDetector.getSupportedFormats()
    return formats.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null
  } catch {
    return null
  }
}

async function libraryDetector(): Promise<Detector> {
  const { BarcodeDetector } = await import("qr/decode.js")
  return new BarcodeDetector({ formats: ["qr_code"] })
}
