import Foundation
import Hummingbird

/// AUTOMATIC1111's `progress`, `interrupt` and `skip`: what runs, and how it ends early.
struct WebUIProgressRoutes: Sendable {
  let desk: JobDesk

  func add(to router: some RouterMethods<ServerContext>) {
    router.get("/sdapi/v1/progress") { request, _ in
      let skips = request.uri.queryParameters["skip_current_image"].map { $0.lowercased() } ?? "false"
      guard ["true", "1", "false", "0"].contains(skips) else {
        throw APIError(
          .unprocessableContent, "skip_current_image must be true or false", setting: "skip_current_image")
      }
      return try JSONAnswer(progress(showsPicture: !["true", "1"].contains(skips)))
    }
    router.post("/sdapi/v1/interrupt") { _, _ in
      running?.change { $0.isInterrupted = true }
      return try JSONAnswer([String: String]())
    }
    router.post("/sdapi/v1/skip") { _, _ in
      running?.change { $0.skipsPicture = true }
      return try JSONAnswer([String: String]())
    }
  }

  /// The job that runs, if it came this way: nobody ends others' jobs.
  private var running: ServedJob? {
    desk.queue.running.flatMap { job in if case .webUI = job.origin { job } else { nil } }
  }

  private func progress(showsPicture: Bool) -> [String: JSONValue] {
    guard let job = desk.queue.running else { return Self.idle }
    if showsPicture { job.change { $0.previewAsked = .now } }
    let state = job.read { $0 }
    let (progress, count) = (state.progress, max(state.progress.pictures, 1))
    let picture = max(progress.picture - 1, 0)
    let share = progress.steps > 0 ? Double(progress.step) / Double(progress.steps) : 0
    let preview = showsPicture ? state.preview?.jpeg.base64EncodedString() : nil
    return [
      "progress": .number(min((Double(picture) + share) / Double(count), 1)),
      "eta_relative": .number(progress.secondsLeft ?? 0),
      "state": .object([
        "skipped": .flag(state.skipsPicture), "interrupted": .flag(state.isInterrupted || state.isCancelled),
        "stopping_generation": .flag(desk.queue.isStopping), "job": .text("Batch \(picture + 1) out of \(count)"),
        "job_count": .whole(Int64(count)), "job_timestamp": .text(WebUIInfo.stamp(job.created)),
        "job_no": .whole(Int64(picture)), "sampling_step": .whole(Int64(progress.step)),
        "sampling_steps": .whole(Int64(progress.steps)),
      ]), "current_image": preview.map { .text($0) } ?? .null, "textinfo": .null,
    ]
  }

  private static let idle: [String: JSONValue] = [
    "progress": .whole(0), "eta_relative": .whole(0),
    "state": .object([
      "skipped": .flag(false), "interrupted": .flag(false), "stopping_generation": .flag(false), "job": .text(""),
      "job_count": .whole(0), "job_timestamp": .text("0"), "job_no": .whole(0), "sampling_step": .whole(0),
      "sampling_steps": .whole(0),
    ]), "current_image": .null, "textinfo": .null,
  ]
}
