import Foundation
import Hummingbird

/// `/api/trainings`: LoRA trainings that are started, watched and stopped.
struct TrainingRoutes: Sendable {
  let desk: TrainingDesk

  func add(to router: some RouterMethods<ServerContext>) {
    router.post("/api/trainings") { request, context in
      let new = try await request.body(of: NewTraining.self, context)
      return try await Blocking.run { try JSONAnswer(["id": try desk.add(new).id], status: .accepted) }
    }
    router.get("/api/trainings") { _, _ in
      try JSONAnswer(["trainings": desk.runs.map { TrainingReport($0, isDetailed: false) }])
    }
    router.get("/api/trainings/:id") { _, context in
      try JSONAnswer(TrainingReport(try run(context), isDetailed: true))
    }
    router.delete("/api/trainings/:id") { _, context in
      let run = try run(context)
      try await Blocking.run { desk.cancel(run) }
      return try JSONAnswer(TrainingReport(run, isDetailed: true))
    }
    router.get("/api/trainings/:id/events") { _, context in TrainingEvents.response(of: try run(context)) }
    router.get("/api/trainings/:id/samples/:number") { _, context in
      let run = try run(context)
      let samples = run.read { $0.samples }
      guard let number = context.parameters.get("number", as: Int.self), samples.indices.contains(number),
        let data = try await Blocking.run({ try? Data(contentsOf: samples[number].file) })
      else { throw APIError(.notFound, "there is no such sample") }
      return Response(
        status: .ok, headers: [.contentType: "image/png", .xContentTypeOptions: "nosniff"],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }
  }

  private func run(_ context: ServerContext) throws -> TrainingRun {
    guard let run = desk.run(context.parameters.get("id") ?? "") else {
      throw APIError(.notFound, "there is no training of that name")
    }
    return run
  }
}

/// What is told of a training.
struct TrainingReport: Encodable {
  struct Sample: Encodable {
    let step: Int
    let image: String
  }

  let id, name: String
  let state: JobPhase
  let step, steps: Int
  let secondsLeft, loss: Double?
  /// The LoRA's name once it is there.
  let lora: String?
  let losses: [[Double]]?
  let samples: [Sample]?
  let notes: [String]?
  let error: JobFailure?

  init(_ run: TrainingRun, isDetailed: Bool) {
    let state = run.read { $0 }
    (id, name, self.state) = (run.id, run.settings.name, state.phase)
    (step, steps, secondsLeft, loss) = (state.step, state.steps, state.secondsLeft, state.losses.last?.loss)
    lora = state.phase == .done ? run.settings.name : nil
    losses = isDetailed ? state.losses.map { [Double($0.step), $0.loss] } : nil
    samples = isDetailed ? state.samples.indices.map { Self.sample(run, state, $0) } : nil
    notes = isDetailed ? state.notes : nil
    error = state.failure.map { JobFailure($0) }
  }

  static func sample(_ run: TrainingRun, _ state: TrainingRun.State, _ index: Int) -> Sample {
    Sample(step: state.samples[index].step, image: "/api/trainings/\(run.id)/samples/\(index)")
  }
}
