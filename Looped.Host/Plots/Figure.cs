using ScottPlot;
using ScottPlot.MultiplotLayouts;
using SkiaSharp;

namespace Looped.Host.Plots;

/// <summary>Panels under a title and a caption, as a PNG. Equal panels give equal files.</summary>
internal static class Figure
{
    /// <summary>Where title and panels begin.</summary>
    public const float LeftMargin = 64;

    private const int Header = 62;
    private const float PixelsPerUnit = 2; // sharp on dense displays

    /// <summary>Panels of one size, side by side.</summary>
    public static byte[] Row(IReadOnlyList<Plot> panels, string title, string caption, int width = 960, int height = 480)
    {
        var figure = new Multiplot { Layout = new Columns() };
        figure.Subplots.RemoveAt(0);
        foreach (Plot panel in panels) figure.Subplots.Add(panel);
        return Render(figure, title, caption, width, height);
    }

    /// <summary>Draws everything.</summary>
    /// <param name="panels">With their layout.</param>
    /// <param name="title">The first line.</param>
    /// <param name="caption">The second, smaller.</param>
    /// <param name="width">Half the pixels of the picture.</param>
    /// <param name="height">The same, title and caption included.</param>
    public static byte[] Render(Multiplot panels, string title, string caption, int width, int height)
    {
        PlotFont.Install();
        using SKSurface surface = SKSurface.Create(new SKImageInfo((int)(width * PixelsPerUnit), (int)(height * PixelsPerUnit)));
        surface.Canvas.Scale(PixelsPerUnit);
        using (new SKAutoCanvasRestore(surface.Canvas))
        {
            surface.Canvas.Translate(0, Header);
            panels.Render(surface.Canvas, new PixelRect(0, width, height - Header, 0)); // clears the whole canvas first
        }
        DrawHeader(surface.Canvas, title, caption, width);
        using SKImage image = surface.Snapshot();
        using SKData png = image.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    private static void DrawHeader(SKCanvas canvas, string title, string caption, int width)
    {
        using SKFont large = new(PlotFont.SemiBold, 19), small = new(PlotFont.Regular, 12.5f);
        using SKPaint ink = new() { Color = new(PlotTheme.Ink.ARGB), IsAntialias = true }, muted = new() { Color = new(PlotTheme.Muted.ARGB), IsAntialias = true };
        using SKPaint paper = new() { Color = SKColors.White };
        canvas.DrawRect(0, 0, width, Header, paper);
        canvas.DrawText(title, LeftMargin, 30, large, ink);
        canvas.DrawText(caption, LeftMargin, 51, small, muted);
    }
}
