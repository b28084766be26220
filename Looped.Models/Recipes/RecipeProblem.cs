namespace Looped.Models.Recipes;

/// <summary>Something in a recipe that cannot be used.</summary>
/// <param name="Key">The key in snake case, relative to its section, such as <c>layers_begin</c>.</param>
/// <param name="Sentence">What is wrong and what to do.</param>
public readonly record struct RecipeProblem(string Key, string Sentence);
