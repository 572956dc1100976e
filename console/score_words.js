/** Words for scores, issues and categories. */

import { number, percent, spoken } from "./words.js";

export const score = (value) => (value === null || value === undefined ? "–" : value.toFixed(2));

/** Of a value from 0 to 1: "" where there is none. @returns {"good" | "fair" | "bad" | ""} */
export const gradeOf = (value) =>
  value === null || value === undefined ? "" : value >= 0.6 ? "good" : value >= 0.4 ? "fair" : "bad";

export const ISSUES = {
  blur: "Blurred",
  low_brightness: "Too dark",
  high_brightness: "Too bright",
  low_contrast: "Low contrast",
  low_resolution: "Small",
  odd_aspect_ratio: "Odd shape",
  near_duplicate: "Near duplicate",
  uniform: "Uniform",
};

export const issueName = (issue) => ISSUES[issue] ?? spoken(issue);

export const CATEGORIES = { high: "High suitability", medium: "Medium suitability", low: "Low suitability" };

export const METRICS = {
  overall_quality: "Overall quality",
  sharpness: "Sharpness",
  brightness: "Brightness",
  contrast: "Contrast",
  uniqueness: "Uniqueness",
  red_avg: "Red",
  green_avg: "Green",
  blue_avg: "Blue",
};

/** What suitability is judged by: its name, and what was measured in words. */
export const SUITABILITY = {
  subject_share: ["Subject size", (value) => `it takes ${percent(value)} of the image`],
  subject_visible: ["Positioning", (value) => `${percent(value)} of its outline is clear of the edges`],
  pixels: ["Resolution", (value) => `${number(Math.round(value))} pixels`],
  luma_mean: ["Contrast", (value) => `mean brightness ${Math.round(value)} of 255`],
  subject_count: [
    "Single subject",
    (value) => (value === 1 ? "one was found" : `${number(Math.round(value))} were found`),
  ],
};
