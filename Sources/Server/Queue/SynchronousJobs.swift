import Hummingbird

extension JobDesk {
  /// Makes pictures for a request that waits for them. Who goes away stops the jobs.
  /// - Returns: the jobs, over.
  func make(_ asked: [Asked], _ origin: ServedJob.Origin) async throws -> [ServedJob] {
    let jobs = try await Blocking.run { try self.add(asked, origin) }
    await withTaskCancellationHandler {
      for job in jobs { await job.wait() }
    } onCancel: {
      for job in jobs { queue.cancel(job) }
    }
    if Task.isCancelled {
      for job in jobs { job.forgetFiles() }
      throw CancellationError()
    }
    return jobs
  }
}
