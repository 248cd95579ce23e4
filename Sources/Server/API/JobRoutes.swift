import Foundation
import Hummingbird

/// `/api/jobs`: pictures that are asked for, watched and cancelled.
struct JobRoutes: Sendable {
  let desk: JobDesk

  func add(to router: some RouterMethods<ServerContext>) {
    router.post("/api/jobs") { request, context in
      let body = try await request.body(of: NewJobs.self, context)
      return try await Blocking.run { try body.add(to: desk) }
    }
    router.get("/api/jobs") { _, _ in
      try JSONAnswer(["jobs": desk.queue.jobs().filter { !$0.isMask }.map { JobReport($0, isDetailed: false) }])
    }
    router.get("/api/jobs/:id") { _, context in try JSONAnswer(JobReport(try job(context), isDetailed: true)) }
    router.delete("/api/jobs/:id") { _, context in
      let job = try job(context)
      try await Blocking.run { desk.queue.cancel(job) }
      return try JSONAnswer(JobReport(job, isDetailed: true))
    }
    router.delete("/api/jobs") { request, _ in
      guard let group = request.uri.queryParameters["group"].map(String.init) else {
        throw APIError(.unprocessableContent, "group is missing: say which jobs to cancel", setting: "group")
      }
      let jobs = desk.queue.jobs().filter { $0.group == group }
      guard !jobs.isEmpty else { throw APIError(.notFound, "there are no jobs of that group") }
      try await Blocking.run { for job in jobs where !job.read({ $0.phase.isOver }) { desk.queue.cancel(job) } }
      return try JSONAnswer(["jobs": jobs.map { JobReport($0, isDetailed: false) }])
    }
    router.get("/api/jobs/:id/events") { _, context in EventStream.response(of: try job(context)) }
  }

  private func job(_ context: ServerContext) throws -> ServedJob {
    let id = context.parameters.get("id") ?? ""
    guard let job = desk.queue.job(id) else {
      throw APIError(.notFound, "there is no job of that name: it may have ended long ago")
    }
    return job
  }
}

extension ServedJob {
  /// Whether only a mask is made.
  var isMask: Bool { if case .mask = origin { true } else { false } }
}

/// What is told of a job.
struct JobReport: Encodable {
  let id: String
  let group: String?
  let state: JobPhase
  let position, step, steps, picture, count: Int
  let secondsLeft: Double?
  let prompt: String
  let pictures: [JobPicture]
  let notes: [String]?
  let error: JobFailure?
  let created: Double

  init(_ job: ServedJob, isDetailed: Bool) {
    let state = job.read { $0 }
    (id, group, created) = (job.id, job.group, job.created.timeIntervalSince1970)
    (self.state, position, pictures) = (state.phase, state.position, state.pictures)
    (step, steps, picture) = (state.progress.step, state.progress.steps, state.progress.picture)
    (count, secondsLeft) = (state.progress.pictures, state.progress.secondsLeft)
    prompt = job.job.prompt ?? ""
    notes = isDetailed ? state.notes : nil
    error = state.failure.map { JobFailure($0) }
  }
}
