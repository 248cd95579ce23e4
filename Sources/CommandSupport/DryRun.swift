import Jobs

/// Prints the jobs of a file with what they would cost.
struct DryRun {
  let runner: JobRunner
  let compute: ComputeOptions
  let path: String?

  /// - Returns: how many jobs cannot be done.
  func run() throws -> Int {
    var failures = 0
    let estimate = try runner.estimate { line, error in
      Terminal.error("error: \(path ?? ""):\(line ?? 0): \(oneLine("\(error)"))")
      failures += 1
    }
    for job in estimate.jobs {
      if compute.json { try Terminal.json(job) } else { Terminal.out(job.summary) }
    }
    if !compute.quiet { Terminal.error(estimate.summary) }
    return failures
  }
}
