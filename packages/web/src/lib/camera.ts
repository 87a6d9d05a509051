const instead = "Paste or type the code instead."

/** Why this page can have no camera, in sentences; `null`: it may ask for one. */
export function cameraObstacle(): string | null {
  if (!isSecureContext) {
    return (
      "This page came over plain HTTP, and browsers give the camera only to pages that came over " +
      `HTTPS or from this computer itself. ${instead}`
    )
  }
  // Absent in some browsers inside of apps, whatever its type says.
  const devices = navigator.mediaDevices as Partial<MediaDevices> | undefined
  return devices?.getUserMedia ? null : `This browser gives no camera to pages. ${instead}`
}

/** The camera on the back, where there are several. */
export function openCamera(): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
  })
}

/** The camera went away while it was in use: unplugged, or taken back by the browser. */
export class CameraLost extends Error {}

/** What went wrong with the camera, and what to do. */
export function cameraSentence(error: unknown): string {
  if (error instanceof CameraLost) {
    return "The camera was switched off. Start it again, or paste or type the code."
  }
  switch (error instanceof DOMException ? error.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return (
        "The camera was not allowed. Allow it for this page in the settings of the browser and " +
        "start it again, or paste or type the code."
      )
    case "NotFoundError":
    case "OverconstrainedError":
      return `No camera was found. ${instead}`
    case "NotReadableError":
    case "AbortError":
      return (
        "The camera did not start. Perhaps another program is using it: close that and start it " +
        "again, or paste or type the code."
      )
    default: {
      const detail = error instanceof Error && error.message !== "" ? ` (${error.message})` : ""
      return `The scanner did not start${detail}. ${instead}`
    }
  }
}
