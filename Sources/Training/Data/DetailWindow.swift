import Images

/// Square windows of a picture, chosen by how much there is to see in them.
///
/// Most of a drawn scene is flat; a network that learns from windows around outlines sees several times as many of them
/// in the same time. No part is left out: a flat picture's windows are all alike, and a flat part of a detailed one is
/// chosen at a quarter of the rate of its average.
package struct DetailWindow {
  /// Pixels between the places a window can have.
  package static let step = 8

  /// Places in a row.
  private let places: Int
  /// Share of the picture's detail up to and with each place, row by row; the last is the whole.
  private let cumulative: [Double]

  /// - Parameters:
  ///   - picture: a square picture, its side a multiple of `step`.
  ///   - side: of the windows; a multiple of `step`, at most the picture's.
  package init(in picture: Image, side: Int) {
    let cells = picture.width / Self.step
    let detail = Self.detail(of: picture, cells: cells)
    let floor = 0.25 * detail.reduce(0, +) / Double(detail.count) + 1e-9
    let span = side / Self.step
    places = cells - span + 1
    // Sums over all cells above and to the left.
    var sums = [Double](repeating: 0, count: (cells + 1) * (cells + 1))
    for y in 0..<cells {
      for x in 0..<cells {
        let at = (y + 1) * (cells + 1) + x + 1
        sums[at] = detail[y * cells + x] + floor + sums[at - 1] + sums[at - cells - 1] - sums[at - cells - 2]
      }
    }
    var (total, cumulative) = (0.0, [Double]())
    for y in 0..<places {
      for x in 0..<places {
        let (top, bottom) = (y * (cells + 1) + x, (y + span) * (cells + 1) + x)
        total += sums[bottom + span] - sums[top + span] - sums[bottom] + sums[top]
        cumulative.append(total)
      }
    }
    self.cumulative = cumulative
  }

  /// A window's left and top edges in pixels.
  /// - Parameter chance: 0 ..< 1; evenly drawn, a window comes as often as its share of the detail.
  package func place(_ chance: Float) -> (x: Int, y: Int) {
    let wanted = Double(chance) * cumulative[cumulative.count - 1]
    let index = cumulative.firstIndex { $0 > wanted } ?? cumulative.count - 1
    return (index % places * Self.step, index / places * Self.step)
  }

  /// Summed squared differences of neighbouring pixels in each cell.
  private static func detail(of picture: Image, cells: Int) -> [Double] {
    let (row, channels) = (picture.width * picture.channels, picture.channels)
    var detail = [Double](repeating: 0, count: cells * cells)
    picture.pixels.withUnsafeBufferPointer { pixels in
      for y in 1..<cells * step {
        for x in 1..<cells * step {
          var sum = 0
          for i in y * row + x * channels..<y * row + (x + 1) * channels {
            let (across, down) = (Int(pixels[i]) - Int(pixels[i - channels]), Int(pixels[i]) - Int(pixels[i - row]))
            sum += across * across + down * down
          }
          detail[y / step * cells + x / step] += Double(sum)
        }
      }
    }
    return detail
  }
}
