import Foundation
import Images
import Lessons
import TensorCore
import TestSupport
import Testing
import Training

@Suite struct PointsTests {
  @Test func theDensityOfTheMoonsIsOne() {
    let moons = TwoMoons(noise: 0.15)
    let step = 0.05
    var sum = 0.0
    for row in -60...60 {
      for column in -60...60 {
        sum += exp(moons.logDensity(SIMD2(Float(column), Float(row)) * Float(step))) * step * step
      }
    }
    #expect(abs(sum - 1) < 1e-4)
  }

  /// A point of the upper moon's middle: half a moon seen from its top, and next to nothing of the other.
  @Test func theDensityAtATopIsThatOfTheArcBelow() {
    let moons = TwoMoons(noise: 0.05)
    // Along the arc the density is even, 1/π a radian of half the points; across it is normal.
    let flat = 0.5 / Double.pi / (0.05 * (2 * Double.pi).squareRoot())
    // Curvature of the arc changes that by about noise²/2.
    #expect(abs(exp(moons.logDensity(SIMD2(-0.5, 0.75))) / flat - 1) < 0.005)
  }

  @Test func pointsLieWhereTheDensityIs() {
    let moons = TwoMoons(noise: 0.1)
    let values = moons.points(4000, seed: 3).floats()
    let x = stride(from: 0, to: values.count, by: 2).map { Double(values[$0]) }
    let y = stride(from: 1, to: values.count, by: 2).map { Double(values[$0]) }
    // Means and variances of the half circles: 0 and 0; ½ + ¼ + noise², and ½ − (2/π)² + (2/π − ¼)² + noise².
    #expect(abs(x.reduce(0, +) / 4000) < 0.05 && abs(y.reduce(0, +) / 4000) < 0.03)
    #expect(abs(x.map { $0 * $0 }.reduce(0, +) / 4000 - 0.76) < 0.03)
    let height = 0.5 - pow(2 / Double.pi, 2) + pow(2 / Double.pi - 0.25, 2) + 0.01
    #expect(abs(y.map { $0 * $0 }.reduce(0, +) / 4000 - height) < 0.01)
    #expect(moons.points(3, seed: 3).floats() == Array(values[..<6]))
    #expect(moons.points(3, seed: 4).floats() != Array(values[..<6]))
  }

  /// Cross distances 5, 7, 4, 6; inside 1 and 2.
  @Test func theEnergyDistanceOfFourNumbers() {
    let (x, y) = (Tensor([0, 1] as [Float], shape: [2, 1]), Tensor([5, 7] as [Float], shape: [2, 1]))
    #expect(abs(EnergyDistance.between(x, y) - Double(2 * 5.5 - 1 - 2).squareRoot()) < 1e-6)
    let moons = TwoMoons(noise: 0.1)
    #expect(EnergyDistance.between(moons.points(800, seed: 1), moons.points(800, seed: 2)) < 0.07)
  }

  @Test func aPlotHasUpAndRight() {
    var plot = PlanePlot("", reach: 1, side: 40)
    let places = plot.grid(4)
    #expect(places[0] == SIMD2(-0.75, 0.75) && places[15] == SIMD2(0.75, -0.75))
    plot.shade(places.map { $0.y > 0 ? 1 : 0 })
    plot.dots([SIMD2(0.5, -0.5)], radius: 2, PlanePlot.orange)
    let image = plot.image()
    func red(_ x: Int, _ y: Int) -> UInt8 { image.pixels[(y * image.width + x) * 3] }
    let top = image.height - 40
    #expect(red(20, top + 2) == 0 && red(20, top + 38) == 255)
    #expect(red(30, top + 30) == 213)
  }
}
