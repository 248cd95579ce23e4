extension Image {
  /// Changes the size, keeping the whole picture; the two sides may scale differently.
  ///
  /// Separable, rows first, in float; smoothed when shrinking. Colours are weighted by their alpha,
  /// so that what hides under transparent pixels does not bleed. Within one level of Pillow's
  /// `Image.resize`.
  /// - Parameters:
  ///   - width: new width, ≥ 1.
  ///   - height: new height, ≥ 1.
  ///   - filter: kernel; `area` for shrinking and `lanczos3` for growing are good choices.
  public func resized(width: Int, height: Int, filter: ResizeFilter) -> Image {
    precondition(width > 0 && height > 0, "resized: size \(width)×\(height) is empty")
    if width == self.width && height == self.height { return self }
    let columns = ResampleWindows(from: self.width, to: width, filter: filter)
    let rows = ResampleWindows(from: self.height, to: height, filter: filter)
    // Only the old rows that some new one needs are resampled.
    let first = rows.starts.min() ?? 0
    let last = zip(rows.starts, rows.counts).map { $0 + $1 }.max() ?? 0
    let middle = resampledRows(first..<last, columns, width: width)
    return middle.withUnsafeBufferPointer { middle in
      Image(width: width, height: height, channels: channels) { out in
        var sums = [SIMD4<Float>](repeating: .zero, count: width)
        sums.withUnsafeMutableBufferPointer { sums in
          for y in 0..<height {
            sums.update(repeating: .zero)
            for tap in 0..<rows.counts[y] {
              let weight = rows.weights[y * rows.taps + tap]
              let source = (rows.starts[y] + tap - first) * width
              for x in 0..<width { sums[x] += weight * middle[source + x] }
            }
            store(sums, to: UnsafeMutableBufferPointer(rebasing: out[(y * width * channels)...]))
          }
        }
      }
    }
  }

  /// Resamples along x: `[rows.count, width]` premultiplied pixels, unused lanes 0.
  private func resampledRows(
    _ rows: Range<Int>, _ windows: ResampleWindows, width: Int
  ) -> [SIMD4<Float>] {
    let count = rows.count * width
    return [SIMD4<Float>](unsafeUninitializedCapacity: count) { out, initialized in
      pixels.withUnsafeBufferPointer { pixels in
        windows.weights.withUnsafeBufferPointer { weights in
          withUnsafeTemporaryAllocation(of: SIMD4<Float>.self, capacity: self.width) { line in
            for (row, y) in rows.enumerated() {
              load(pixels, row: y, to: line)
              for x in 0..<width {
                let (start, base) = (windows.starts[x], x * windows.taps)
                var sum = SIMD4<Float>.zero
                for tap in 0..<windows.counts[x] { sum += weights[base + tap] * line[start + tap] }
                // Pillow keeps bytes between its passes: overshoot is cut here too, or edges would
                // differ.
                out.initializeElement(
                  at: row * width + x,
                  to: pointwiseMin(pointwiseMax(sum, .zero), SIMD4(repeating: 255)))
              }
            }
          }
        }
      }
      initialized = count
    }
  }

  /// Spreads a row of bytes over lanes, colours multiplied by alpha.
  private func load(
    _ pixels: UnsafeBufferPointer<UInt8>, row: Int,
    to line: UnsafeMutableBufferPointer<SIMD4<Float>>
  ) {
    let base = row * width * channels
    switch channels {
    case 1:
      for x in 0..<width {
        line.initializeElement(at: x, to: SIMD4(Float(pixels[base + x]), 0, 0, 0))
      }
    case 3:
      for x in 0..<width {
        let at = base + 3 * x
        line.initializeElement(
          at: x, to: SIMD4(Float(pixels[at]), Float(pixels[at + 1]), Float(pixels[at + 2]), 0))
      }
    default:
      for x in 0..<width {
        let at = base + 4 * x
        let alpha = Float(pixels[at + 3])
        let colour = SIMD4(Float(pixels[at]), Float(pixels[at + 1]), Float(pixels[at + 2]), 255)
        line.initializeElement(at: x, to: colour * (alpha / 255))
      }
    }
  }

  /// Rounds a row of premultiplied pixels to bytes with straight alpha.
  private func store(
    _ line: UnsafeMutableBufferPointer<SIMD4<Float>>, to out: UnsafeMutableBufferPointer<UInt8>
  ) {
    let white = SIMD4<Float>(repeating: 255)
    for x in 0..<line.count {
      var pixel = pointwiseMin(pointwiseMax(line[x], .zero), white)
      let at = x * channels
      if channels == 4 {
        let alpha = pixel.w
        // Below half a level nothing is left of the colour.
        pixel = alpha < 0.5 ? .zero : pointwiseMin(pixel * (255 / alpha), white)
        out[at + 3] = UInt8(alpha + 0.5)
      }
      out[at] = UInt8(pixel.x + 0.5)
      if channels > 1 {
        out[at + 1] = UInt8(pixel.y + 0.5)
        out[at + 2] = UInt8(pixel.z + 0.5)
      }
    }
  }
}
