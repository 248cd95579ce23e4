import Evaluation
import Images
import Testing

@Suite struct ChartTests {
  private func estimate(_ value: Double) -> Estimate { Estimate(value, low: value - 0.1, high: value + 0.1) }

  /// Dots of the curve's colour are where the numbers put them: further right and higher up.
  @Test func curvesGoWhereTheNumbersGo() {
    let chart = Chart(title: "loss", xLabel: "timestep", [.init("", [(0, estimate(1)), (10, estimate(2))])])
    let image = chart.image()
    #expect(image.channels == 3)
    let blue = (0..<(image.width * image.height)).filter { at in
      Array(image.pixels[(3 * at)..<(3 * at + 3)]) == [0, 114, 178]
    }
    let left = blue.min { $0 % image.width < $1 % image.width } ?? 0
    let right = blue.max { $0 % image.width < $1 % image.width } ?? 0
    #expect(right % image.width > left % image.width + 500)
    #expect(right / image.width < left / image.width - 100)
  }

  /// Nothing to span, nothing that is a number: still a picture.
  @Test(arguments: [[1.0], [1, 1], [.nan, 3], []]) func oddNumbersAreNoTrouble(_ values: [Double]) {
    let points = values.enumerated().map { (x: Double($0), y: estimate($1)) }
    #expect(Chart(title: "a", xLabel: "b", [.init("c", points)]).image().width == 900)
  }

  /// More groups than colours make another chart, and none is left out.
  @Test func everyGroupHasACurve() {
    func report(_ count: Int, cfg: Double) -> EvaluationReport {
      var report = EvaluationReport(pictures: 4, reference: nil, network: "none")
      report.cfg = cfg
      report.groups = (0..<count).map {
        .init(name: "group \($0)", count: 4, found: estimate(0.5), real: nil, ratio: nil)
      }
      return report
    }
    let one = ReportCurves.image([report(6, cfg: 1), report(6, cfg: 3)])
    let two = ReportCurves.image([report(7, cfg: 1), report(7, cfg: 3)])
    #expect(one.height >= 560 && two.height >= 2 * 560 && two.height < 3 * 560)
  }
}
