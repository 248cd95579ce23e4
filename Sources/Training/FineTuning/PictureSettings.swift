/// The pictures a model is taught with, and what is made of their captions.
public struct PictureSettings: Codable, Sendable, Equatable {
  /// The folder.
  public var path: String
  /// Words put before every caption, and the whole caption where a picture has none.
  public var trigger: String?
  /// What the subject is a kind of, such as `a dog`: pictures without a caption get `a TRIGGER dog` (Ruiz et al. 2023).
  public var className: String?
  /// Pictures of the class drawn by the model itself, which keep what the class was; 0 for none.
  public var priorPictures = 0
  public var priorWeight: Float = 1
  /// Side of a square picture with the pixels every bucket has; nil for the model's own.
  public var resolution: Int?
  /// Whether pictures keep their shapes, grouped into buckets; otherwise squares are cut from their middles.
  public var usesBuckets = true
  /// How often a caption is left out, which keeps guidance working (Ho & Salimans 2022).
  public var captionDropout: Float = 0
  /// Whether the comma-separated parts of captions change places, but for the first `keptTags`.
  public var shufflesTags = false
  public var keptTags = 0
  /// Whether half of the pictures are mirrored.
  public var flips = false
  /// Whether only what is opaque (alpha, or `NAME.mask.png` beside it, white) counts in the loss.
  public var isMasked = false
  /// Share of the pictures that is held back to measure the loss on; nil for a tenth of ten or more.
  public var validation: Double?

  enum CodingKeys: String, CodingKey {
    case path, trigger, resolution, validation
    case className = "class"
    case priorPictures = "prior_pictures"
    case priorWeight = "prior_weight"
    case usesBuckets = "buckets"
    case captionDropout = "caption_dropout"
    case shufflesTags = "shuffle_tags"
    case keptTags = "keep_tags"
    case flips = "flip"
    case isMasked = "masked"
  }

  public init(path: String) { self.path = path }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    self.init(path: try c.decode(String.self, forKey: .path))
    trigger = try c.decodeIfPresent(String.self, forKey: .trigger)
    className = try c.decodeIfPresent(String.self, forKey: .className)
    priorPictures = try c.decodeIfPresent(Int.self, forKey: .priorPictures) ?? priorPictures
    priorWeight = try c.decodeIfPresent(Float.self, forKey: .priorWeight) ?? priorWeight
    resolution = try c.decodeIfPresent(Int.self, forKey: .resolution)
    usesBuckets = try c.decodeIfPresent(Bool.self, forKey: .usesBuckets) ?? usesBuckets
    captionDropout = try c.decodeIfPresent(Float.self, forKey: .captionDropout) ?? captionDropout
    shufflesTags = try c.decodeIfPresent(Bool.self, forKey: .shufflesTags) ?? shufflesTags
    keptTags = try c.decodeIfPresent(Int.self, forKey: .keptTags) ?? keptTags
    flips = try c.decodeIfPresent(Bool.self, forKey: .flips) ?? flips
    isMasked = try c.decodeIfPresent(Bool.self, forKey: .isMasked) ?? isMasked
    validation = try c.decodeIfPresent(Double.self, forKey: .validation)
  }

  var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      ((0...100_000).contains(priorPictures), "pictures.prior_pictures", "must be 0 to 100000"),
      (priorPictures == 0 || className != nil, "pictures.prior_pictures", "needs a class to draw"),
      ((0...100).contains(priorWeight), "pictures.prior_weight", "must be 0 to 100"),
      ((16...4096).contains(resolution ?? 16), "pictures.resolution", "must be 16 to 4096"),
      ((0...1).contains(captionDropout), "pictures.caption_dropout", "must be 0 to 1"),
      ((0...1000).contains(keptTags), "pictures.keep_tags", "must be 0 to 1000"),
      ((0...0.9).contains(validation ?? 0), "pictures.validation", "must be 0 to 0.9"),
    ]
    return RecipeProblem.first(rules)
  }
}
