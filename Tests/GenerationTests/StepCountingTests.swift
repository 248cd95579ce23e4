import Diffusion
import Foundation
import Generation
import TestSupport
import Testing

/// Steps and levels of runs from a picture, against AUTOMATIC1111's as a script in numpy has them.
@Suite struct StepCountingTests {
  struct Row: Decodable, Sendable, CustomTestStringConvertible {
    let schedule: String
    let steps: Int
    let strength: Double
    let planned: Int
    let all, shareAndOne: [Float]
    var testDescription: String { "\(schedule), \(steps) steps, \(strength)" }
  }

  static let rows: [Row] = {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let data = try? Data(contentsOf: fixtureURL("second_pass/expected.json"))
    return data.flatMap { try? decoder.decode([Row].self, from: $0) } ?? []
  }()

  @Test func rowsAreThere() { #expect(Self.rows.count == 16) }

  @Test(arguments: rows) func levels(row: Row) throws {
    let schedule = try ScheduleName(parsing: row.schedule)
    for (counting, expected) in [(StepCounting.all, row.all), (.shareAndOne, row.shareAndOne)] {
      let counts = counting.counts(steps: row.steps, strength: row.strength)
      #expect(counts.planned == (counting == .all ? row.planned : row.steps) && counts.run == expected.count - 1)
      let plan = try SamplerName.euler.make(SchedulerConfig(), eta: 0, schedule: schedule)
        .plan(steps: counts.planned).starting(at: counts.planned - counts.run)
      #expect(plan.indices.count == counts.run)
      // The model's table is a product in float32 here, whose first entry lies 1.3e-5 beside the exact one.
      expectClose(plan.sigmas[plan.start...].map { Float($0) }, expected, rtol: 2e-5, row.testDescription)
    }
  }

  /// The share of diffusers' `get_timesteps`.
  @Test(arguments: [(20, 0.6, 12), (10, 0.35, 3), (3, 0.1, 0), (5, 1, 5), (5, 0, 0)] as [(Int, Double, Int)])
  func share(steps: Int, strength: Double, run: Int) {
    let counts = StepCounting.share.counts(steps: steps, strength: strength)
    #expect(counts.planned == steps && counts.run == run)
  }

  /// Sizes as AUTOMATIC1111's `calculate_target_resolution` has them, in steps of 8.
  @Test(
    arguments: [
      // first, wanted, enlarged, result, left, top
      ([512, 512], [1024, 768], [1024, 1024], [1024, 768], [0, 128]),
      ([512, 768], [0, 1024], [680, 1024], [680, 1024], [0, 0]),
      ([512, 768], [1000, 0], [1000, 1496], [1000, 1496], [0, 0]),
      ([768, 512], [600, 600], [896, 600], [600, 600], [144, 0]),
    ] as [([Int], [Int], [Int], [Int], [Int])])
  func resizes(first: [Int], wanted: [Int], enlarged: [Int], result: [Int], cut: [Int]) throws {
    let hires = HiresFix(resize: PixelSize(width: wanted[0], height: wanted[1]), counting: .all)
    let found = hires.enlargement(of: PixelSize(width: first[0], height: first[1]), multiple: 8)
    #expect([found.enlarged.width, found.enlarged.height] == enlarged)
    #expect([found.result.width, found.result.height] == result && [found.cut.left, found.cut.top] == cut)
  }

  /// A scale is cut off to whole latents there and rounded here.
  @Test(arguments: [(StepCounting.all, 88), (.share, 96)]) func scales(counting: StepCounting, side: Int) {
    let hires = HiresFix(scale: 1.45, counting: counting)
    #expect(hires.enlargement(of: PixelSize(width: 64, height: 64), multiple: 8).result.width == side)
  }
}
