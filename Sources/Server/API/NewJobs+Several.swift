import Foundation
import Jobs

extension NewJobs {
  /// The jobs of a prompt file. Lines that are none are told of; the others run.
  func add(_ text: String, to desk: JobDesk) throws -> JSONAnswer {
    let file = PromptFile(text: text, path: "promptFile")
    guard file.lines.count <= JobQueue.limit else {
      throw APIError(
        .unprocessableContent, "promptFile has \(file.lines.count) jobs, at most \(JobQueue.limit) are taken",
        setting: "promptFile")
    }
    var problems = file.errors.map { error -> LineProblem in
      if case .badLine(_, let line, let reason) = error { return LineProblem(line: line, message: reason) }
      return LineProblem(line: 0, message: "\(error)")
    }
    let group = JobDesk.newGroup()
    var taken: [NewLine] = []
    for line in file.lines {
      let asked = JobDesk.Asked(
        settings: PictureJob.layered([settings, line.job]), image: image, mask: mask, group: group)
      do {
        let job = try desk.add([asked], .own)[0]
        taken.append(
          NewLine(id: job.id, position: job.read { $0.position }, line: line.number, prompt: job.job.prompt ?? ""))
      } catch let error as APIError where error.status == .unprocessableContent {
        problems.append(LineProblem(line: line.number, message: error.message))
      }
    }
    problems.sort { $0.line < $1.line }
    return try JSONAnswer(NewFile(group: group, jobs: taken, problems: problems), status: .accepted)
  }

  /// Most cells of a grid.
  private static let cells = 400

  /// The jobs of a grid: every value of one setting with every one of the other, all with one seed.
  func add(_ grid: Grid, to desk: JobDesk) throws -> JSONAnswer {
    let rows = grid.y?.values ?? [""]
    let count = grid.x.values.count * rows.count
    guard (1...Self.cells).contains(count) else {
      throw APIError(
        .unprocessableContent, "the grid has \(count) cells, 1 to \(Self.cells) are taken", setting: "grid")
    }
    let group = JobDesk.newGroup()
    var base = settings
    if base.seed == nil { base.seedChoice = .given(UInt64.random(in: 0..<(1 << 32))) }
    var (asked, places) = ([JobDesk.Asked](), [(x: Int, y: Int)]())
    for (y, row) in rows.enumerated() {
      for (x, column) in grid.x.values.enumerated() {
        var cell = try Self.cell(base, grid.x.setting, column)
        if let setting = grid.y?.setting { cell = try Self.cell(cell, setting, row) }
        asked.append(JobDesk.Asked(settings: cell, image: image, mask: mask, group: group))
        places.append((x, y))
      }
    }
    let jobs = try desk.add(asked, .own)
    let cells = zip(jobs, places).map { NewCell(id: $0.id, x: $1.x, y: $1.y) }
    return try JSONAnswer(NewGrid(group: group, jobs: cells), status: .accepted)
  }

  /// Settings with one of them set to a value.
  private static func cell(_ job: PictureJob, _ name: String, _ value: String) throws -> PictureJob {
    // By its JSON, so that names and values are read as anywhere.
    do {
      let upper = try JSONDecoder().decode(PictureJob.self, from: try JSONEncoder().encode([name: value]))
      return job.overlaid(by: upper)
    } catch {
      var failure = APIError(error)
      failure.setting = failure.setting ?? name
      throw failure
    }
  }
}

private struct LineProblem: Encodable {
  let line: Int
  let message: String
}

private struct NewLine: Encodable {
  let id: String
  let position, line: Int
  let prompt: String
}

private struct NewFile: Encodable {
  let group: String
  let jobs: [NewLine]
  let problems: [LineProblem]
}

private struct NewCell: Encodable {
  let id: String
  let x, y: Int
}

private struct NewGrid: Encodable {
  let group: String
  let jobs: [NewCell]
}
