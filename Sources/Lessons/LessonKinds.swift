import Training

/// What this target hands to training: its kinds of recipes and of data, and how points are drawn.
public enum LessonKinds {
  /// Makes them known; to be called before a recipe is read.
  public static func register() {
    Recipes.register(GenerativeRecipe.self)
    Recipes.register(LanguageRecipe.self)
    Recipes.register(LearnedStepsRecipe.self)
    Recipes.register(InpaintingRecipe.self)
    Recipes.register(DistillationRecipe.self)
    Recipes.register(UnCLIPPriorRecipe.self)
    Recipes.register(UnCLIPDecoderRecipe.self)
    Recipes.register(UnCLIPEnlargerRecipe.self)
    DataKind.register(.shapes)
    PointsDrawing.register { PlanePlot.paths($0) }
  }
}
