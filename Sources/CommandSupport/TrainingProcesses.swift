import ArgumentParser
import Foundation
import MPICommunicator
import TensorCore
import Training

/// How a training run is shared among processes.
public struct ProcessOptions: ParsableArguments {
  /// In what gradients travel.
  public enum Gradients: String, ExpressibleByArgument, CaseIterable { case f32, bf16 }

  @Option(
    help: ArgumentHelp("Processes on this machine to share the run (mpirun starts them elsewhere too).", valueName: "n")
  )
  public var processes: Int?
  @Flag(help: "Goes on with one process less where one is lost; needs --processes.") public var elastic = false
  @Option(help: "In what gradients travel between processes: f32, or bf16 in half the bytes.") public var gradients =
    Gradients.f32

  public init() {}

  public func validate() throws {
    if let processes, !(1...1024).contains(processes) {
      throw ValidationError("--processes \(processes): must be 1 to 1024")
    }
    if elastic, processes == nil { throw ValidationError("--elastic needs --processes") }
  }
}

/// Runs training as one of the processes that `mpirun` started, or alone.
public struct TrainingProcesses {
  private let compute: ComputeOptions
  private let options: ProcessOptions

  public init(_ compute: ComputeOptions, _ options: ProcessOptions) {
    (self.compute, self.options) = (compute, options)
  }

  /// Does the work; a run ends by itself after the step it is in, with its state saved.
  /// - Parameters:
  ///   - folder: the run's; only the leader works there.
  ///   - work: trains in a folder.
  public func run(in folder: URL, _ work: (URL, RunContext) throws -> Void) throws {
    if let processes = options.processes, !ProcessPlace.isStarted {
      return try ProcessLauncher(processes: processes, isElastic: options.elastic, quiet: compute.quiet).run()
    }
    guard ProcessPlace.count > 1 else { return try train(in: folder, SingleProcess(), work) }
    var world = try ProcessPlace.join()
    world.sumsInBFloat16 = options.gradients == .bf16
    try Follower.run(
      world, lead: { try train(in: folder, world, work) }, follow: { try train(in: $0, world, work) })
  }

  private func train(
    in folder: URL, _ communicator: any Communicator, _ work: (URL, RunContext) throws -> Void
  ) throws {
    let isQuiet = compute.quiet || !communicator.leads
    var settled = compute
    settled.quiet = isQuiet
    if compute.threads == nil { settled.threads = ProcessPlace.threads }
    try settled.run {
      let report = TrainingReport(quiet: isQuiet, json: compute.json && communicator.leads)
      var context = report.context
      context.communicator = communicator
      if communicator.size > 1, communicator.leads {
        context.note("\(communicator.size) processes; threads in this one: \(Processor.threads)")
      }
      try Interruption.finishingFirst { try work(folder, context) }
    }
  }
}
