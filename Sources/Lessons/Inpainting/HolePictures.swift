import Conditioning
import Diffusion
import Foundation
import Generation
import Images
import Models
import Training

/// Pictures of a recipe's data with a hole in each where its figure is, or where training would cut one.
struct HolePictures: Sendable {
  private let images: any CaptionedImages
  private let truths: [SceneTruth]
  private let masks: TrainingMasks
  private let size: Int

  init(_ recipe: InpaintingRecipe, size: Int, _ cache: LatentCache) throws {
    images = try recipe.data.open(note: { _ in })
    (truths, masks, self.size) = (cache.truths, recipe.masks, size)
  }

  /// The first pictures of a range, those with one figure where that is known.
  func places(_ range: Range<Int>, limit: Int) -> [Int] {
    let single = range.filter { truths.isEmpty || truths[$0].figures == 1 }
    return Array((single.isEmpty ? Array(range) : single).prefix(limit))
  }

  func example(_ index: Int) throws -> Example {
    let picture = try images.example(index, size: size)
    var figures = masks
    (figures.figures, figures.whole) = (1, 0)
    let mask = figures.mask(index, side: size, figure: truths.isEmpty ? nil : truths[index].box)
    return Example(index: index, image: picture.image.converted(toChannels: 3), caption: picture.caption, mask: mask)
  }

  /// A picture, what it shows, and what of it is cut out.
  struct Example: Sendable {
    let index: Int
    let image: Image
    let caption: String
    let mask: Mask

    /// The picture with its hole grey.
    var cut: Image { replaced { _, _ in 128 } }

    private func replaced(_ value: (_ pixel: Int, _ channel: Int) -> UInt8) -> Image {
      var result = image
      for pixel in 0..<(image.width * image.height) where mask.isRepainted(pixel) {
        for channel in 0..<3 { result.pixels[pixel * 3 + channel] = value(pixel, channel) }
      }
      return result
    }

    /// The picture with its hole filled by a model that is told the caption; nothing of what was there is kept.
    func filled(by components: PipelineComponents, precision: Precision, steps: Int, guidance: Float) throws -> Image {
      let canvas = try EditCanvas(
        image, mask: mask, multiple: components.sizeMultiple, defaultSize: components.defaultSize)
      var request = GenerationRequest(
        prompts: [caption], steps: steps, guidance: Guidance(scale: guidance),
        sampler: SamplerName(components.scheduler) ?? .ddim, seeds: [UInt64(index)], width: image.width,
        height: image.height)
      request.emphasis = .none
      let made = try ImageToImage(components, precision: precision).generate(
        ImageToImageRequest(request, canvas: canvas, strength: 1))
      return ImageTensor.images(made.pixels)[0]
    }

    /// Pixels outside the hole that are not the picture's.
    func changedOutside(_ other: Image) -> Int {
      (0..<(image.width * image.height)).count { pixel in
        !mask.isRepainted(pixel)
          && image.pixels[pixel * 3..<pixel * 3 + 3] != other.pixels[pixel * 3..<pixel * 3 + 3]
      }
    }

    /// The mean difference of neighbouring pixels of which one is in the hole, in levels of 255; 0 without an edge.
    func seam(_ other: Image) -> Double {
      var (sum, count) = (0, 0)
      let width = image.width
      for pixel in 0..<(width * image.height) {
        for (step, isThere) in [(1, pixel % width + 1 < width), (width, pixel + width < width * image.height)]
        where isThere && mask.isRepainted(pixel) != mask.isRepainted(pixel + step) {
          for channel in 0..<3 {
            sum += abs(Int(other.pixels[pixel * 3 + channel]) - Int(other.pixels[(pixel + step) * 3 + channel]))
          }
          count += 3
        }
      }
      return count == 0 ? 0 : Double(sum) / Double(count)
    }

    /// The part of a picture around the hole.
    /// - Parameter other: nil for the example's own.
    func hole(of other: Image?) -> Image {
      guard let box = mask.region else { return other ?? image }
      return (other ?? image).cropped(x: box.x, y: box.y, width: box.width, height: box.height)
    }
  }
}
